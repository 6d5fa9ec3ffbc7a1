/** What Tab gives at the prompt: commands, files behind `.load`, and names: the runtime's, the language's, and those of this session. */
import { type Dirent, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Candidates, and the part of the line that they stand in for. */
export type Completion = [candidates: string[], part: string];

const commands = ['.exit', '.help', '.load '];

/** What programs of the runtime (docs/runtime.md) and of Lua find. */
const known = `
Handlers.add( Handlers.append( Handlers.prepend( Handlers.once( Handlers.before( Handlers.after( Handlers.remove( Handlers.list
Handlers.evaluate( Handlers.utils.hasMatchingTag( Handlers.utils.hasMatchingTagOf( Handlers.utils.hasMatchingData(
Handlers.utils.reply( Handlers.utils.continue(
Inbox MAX_INBOX Name Owner Prompt( Send( Spawn( Assign( Receive( Publish( Dump( Tab( Utils Colors Members Errors Version
ao.id ao.env ao.authorities ao.send( ao.spawn( ao.assign( ao.receive( ao.publish( ao.unpublish( ao.log( ao.isTrusted(
ao.isAssignment( ao.isAssignable( ao.addAssignable( ao.removeAssignable( ao.outbox ao.resolve( ao.get( ao.set(
Utils.map( Utils.filter( Utils.reduce( Utils.find( Utils.concat( Utils.reverse( Utils.includes( Utils.keys( Utils.values(
Utils.prop( Utils.propEq( Utils.compose( Utils.curry( Utils.matchesSpec( Utils.integer(
print( require( pairs( ipairs( type( tostring( tonumber( error( pcall( select( setmetatable( getmetatable(
string.format( string.find( string.match( string.gmatch( string.gsub( string.sub( string.rep( string.upper( string.lower(
table.insert( table.remove( table.concat( table.sort( table.unpack( math.floor( math.max( math.min( math.random(
os.time( os.date( function local return while repeat until then else elseif end`
  .trim()
  .split(/\s+/);

/** `entered`: what was typed in this session. */
export function complete(line: string, entered: readonly string[]): Completion {
  if (/^\s*\.[a-z]*$/i.test(line)) {
    const part = line.trimStart();
    return [commands.filter((command) => command.startsWith(part)), part];
  }
  const path = /^\s*\.load\s+(.*)$/.exec(line)?.[1];
  if (path !== undefined) return [files(path), path];
  const part = /[A-Za-z_][\w.]*$/.exec(line)?.[0] ?? '';
  // Where no name begins Tab indents.
  if (part === '') return [['  '], ''];
  const own = entered.flatMap((text) => text.match(/[A-Za-z_]\w{2,}/g) ?? []);
  const names = new Set([...known, ...own.filter((name) => !known.includes(`${name}(`))]);
  return [[...names].filter((name) => name.startsWith(part) && name !== part).sort(), part];
}

/** Lua files and folders whose paths begin so. */
function files(path: string): string[] {
  const folder = /[/\\]$/.test(path) ? path : path === '' ? '.' : dirname(path);
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const shown = (name: string): string => (folder === '.' && !path.startsWith('./') ? name : join(folder, name));
  return entries
    .filter((entry) => entry.isDirectory() || entry.name.endsWith('.lua'))
    .map((entry) => shown(entry.name) + (entry.isDirectory() ? '/' : ''))
    .map((candidate) => (path.startsWith('./') && !candidate.startsWith('./') ? `./${candidate}` : candidate))
    .filter((candidate) => candidate.startsWith(path) && candidate !== path)
    .sort();
}
