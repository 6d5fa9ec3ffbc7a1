/**
 * `Handlers`: order, patterns, verdicts, and the ways to answer and to wait.
 */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Deliver, dialects, TestProcess } from './test-process.ts';

const OWNER = 'owner-address';
const AUTHORITY = 'authority-address';

describe.each(dialects)('on the %s machine', (dialect) => {
  let process: TestProcess;
  const open: TestProcess[] = [];

  beforeEach(async () => {
    process = await TestProcess.start({ dialect, owner: OWNER, definition: { name: 'test', authority: AUTHORITY } });
    open.push(process);
  });

  afterAll(() => {
    for (const one of open) one.close();
  });

  const run = (code: string) => process.eval(code);
  const data = async (code: string): Promise<unknown> => (await process.eval(code)).output.data;
  const send = (message: Deliver) => process.deliver({ target: process.id, ...message }, { signer: 'user' });
  const fromProcess = (id: string, message: Deliver) =>
    process.deliver({ target: process.id, ...message, 'from-process': id }, { signer: AUTHORITY });
  const printed = async (message: Deliver): Promise<unknown> => (await send(message)).output.data;

  describe('patterns', () => {
    const fits = async (pattern: string, message: Deliver): Promise<boolean> => {
      await run(`Handlers.list = {}\nHandlers.add('t', ${pattern}, function() print('yes') end)`);
      return (await printed(message)) === 'yes';
    };

    it.each<[string, Deliver, boolean]>([
      ["'Go'", { action: 'Go' }, true],
      ["'Go'", { action: 'Going' }, false],
      ["{ Action = 'Go' }", { action: 'Go' }, true],
      ["{ action = 'Go' }", { action: 'Go' }, true],
      ["{ Action = 'Credit-Notice' }", { action: 'Credit-Notice' }, true],
      ["{ Recipient = '_' }", { recipient: 'x' }, true],
      ["{ Recipient = '_' }", { action: 'x' }, false],
      ["{ Quantity = '^%d+$' }", { quantity: '12' }, true],
      ["{ Quantity = '^%d+$' }", { quantity: 12 }, true],
      ["{ Quantity = '^%d+$' }", { quantity: '1x' }, false],
      ['{ Quantity = 12 }', { quantity: '12' }, true],
      ['{ Quantity = function(v) return #v == 2 end }', { quantity: '12' }, true],
      ["{ Quantity = function(v, msg) return msg.Action == 'A' end }", { action: 'B', quantity: '12' }, false],
      ["{ Action = { 'A', 'B' } }", { action: 'B' }, true],
      ["{ Action = { 'A', 'B' } }", { action: 'C' }, false],
      ["{ { Action = 'A' }, { Data = 'x' } }", { data: 'x' }, true],
      ["{ Tags = { ['App-Name'] = 'x' } }", { 'app-name': 'x' }, true],
      ["{ Tags = { ['App-Name'] = 'x' } }", { 'app-name': 'y' }, false],
      ["{ Action = '[' }", { action: 'x' }, false],
      ['function(msg) return msg.Action == "Go" end', { action: 'Go' }, true],
      ["Handlers.utils.hasMatchingTag('Action', 'Go')", { action: 'Go' }, true],
      ["Handlers.utils.hasMatchingTag('Action', 'Go')", { action: 'No' }, false],
      ["Handlers.utils.hasMatchingTagOf('Action', { 'A', 'Go' })", { action: 'Go' }, true],
      ["Handlers.utils.hasMatchingData('ping')", { data: 'ping' }, true],
      ["Handlers.utils.hasMatchingData('ping')", { data: 'shopping' }, false],
    ])('%s and %j: %s', async (pattern, message, expected) => {
      expect(await fits(pattern, message)).toBe(expected);
    });
  });

  describe('verdicts', () => {
    it.each<[string, string]>([
      ['true', 'first'],
      ['-1', 'first'],
      ["'break'", 'first'],
      ['1', 'first\nsecond'],
      ["'continue'", 'first\nsecond'],
      ['false', 'second'],
      ['nil', 'second'],
      ['0', 'second'],
      ["'skip'", 'second'],
      ["'anything'", 'second'],
    ])('%s', async (verdict, expected) => {
      await run(`Handlers.add('one', function() return ${verdict} end, function() print('first') end)
        Handlers.add('two', function() return true end, function() print('second') end)`);
      expect(await printed({ data: 'x' })).toBe(expected);
    });

    it('a message that only "continue" handlers took goes to the Inbox', async () => {
      await run("Handlers.add('log', Handlers.utils.continue({ Action = '_' }), function() print('logged') end)");
      expect(await printed({ action: 'A' })).toBe('logged\nNew Message From user: Action = A');
    });
  });

  describe('the list', () => {
    const names = () =>
      data("local n = {} for i, h in ipairs(Handlers.list) do n[i] = h.name end return table.concat(n, ' ')");

    it('is in the order of add, append, prepend, before and after', async () => {
      await run(`Handlers.add('b', print)
        Handlers.append('c', print)
        Handlers.prepend('a', print)
        Handlers.before('b').add('ab', print)
        Handlers.after('b').add('bc', print)`);
      expect(await names()).toBe('a ab b bc c');
      await run("Handlers.remove('b') Handlers.remove('nothing')");
      expect(await names()).toBe('a ab bc c');
    });

    it('replaces a handler of the same name where it stands', async () => {
      await run("Handlers.add('a', 'X', print) Handlers.add('b', 'X', print)");
      await run("Handlers.add('a', 'Y', function() print('new') end)");
      expect(await names()).toBe('a b');
      expect(await printed({ action: 'Y' })).toBe('new');
    });

    it('drops a handler after its last run', async () => {
      await run("Handlers.add('twice', 'T', function() print('run') end, 2)");
      await run("Handlers.once('once', 'O', function() print('once') end)");
      await run("Handlers.once({ Test = '1' }, function() print('unnamed') end)");
      expect([await printed({ action: 'T' }), await printed({ action: 'T' })]).toEqual(['run', 'run']);
      expect([await printed({ action: 'O' }), await printed({ test: '1' })]).toEqual(['once', 'unnamed']);
      expect(await names()).toBe('');
    });

    it('may change while a message is handled', async () => {
      await run(`Handlers.add('a', function() return 'continue' end, function() Handlers.remove('b') Handlers.add('d', function() return true end, function() print('d') end) end)
        Handlers.add('b', function() return true end, function() print('b') end)
        Handlers.add('c', function() return true end, function() print('c') end)`);
      expect(await printed({ data: '1' })).toBe('c');
    });

    it('chooses by a table of patterns', async () => {
      await run(
        `Handlers.add('Speak', { [{ Status = 'foo' }] = function() print('is foo') end, [{ Status = 'bar' }] = function() print('is bar') end })`,
      );
      expect(await printed({ action: 'Speak', status: 'bar' })).toBe('is bar');
      expect(await printed({ action: 'Speak', status: 'none' })).toBe('');
    });
  });

  describe('answers', () => {
    it('reply goes to the sender and refers to the message', async () => {
      await run("Handlers.add('Ping', function(msg) msg.reply({ Data = 'pong', action = 'Pong' }) end)");
      const results = await fromProcess('P', { action: 'Ping', reference: '77' });
      expect(results.outbox).toEqual({
        '1': { target: 'P', data: 'pong', action: 'Pong', 'x-reference': '77', reference: '1' },
      });
    });

    it('reply honours Reply-To and the chain of references', async () => {
      await run("Handlers.add('Ping', Handlers.utils.reply('pong'))");
      const results = await fromProcess('P', {
        action: 'Ping',
        reference: '2',
        'reply-to': 'R',
        'x-reference': '9',
        'x-origin': 'O',
      });
      expect(results.outbox).toEqual({
        '1': { target: 'R', data: 'pong', 'x-reference': '9', 'x-origin': 'O', reference: '1' },
      });
    });

    it('forward passes the content on, without what belonged to the delivery', async () => {
      await run("Handlers.add('Job', function(msg) msg.forward('NEXT', { Data = msg.Data .. '!', Step = '2' }) end)");
      const results = await fromProcess('P', {
        action: 'Job',
        data: 'hi',
        step: '1',
        reference: '5',
        variant: 'ao.N.1',
      });
      expect(results.outbox).toEqual({
        '1': {
          target: 'NEXT',
          action: 'Job',
          step: '2',
          data: 'hi!',
          'x-reference': '5',
          'x-origin': 'P',
          reference: '1',
        },
      });
    });

    it('onReply waits for the answer of the target', async () => {
      await run("Send({ Target = 'SVC', Action = 'Get' }).onReply(function(msg) print('answer ' .. msg.Data) end)");
      expect((await fromProcess('OTHER', { 'x-reference': '1', data: 'no' })).output.data).toContain('New Message');
      expect((await fromProcess('SVC', { 'x-reference': '2', data: 'no' })).output.data).toContain('New Message');
      expect((await fromProcess('SVC', { 'x-reference': '1', data: 'yes' })).output.data).toBe('answer yes');
      expect(await data('#Handlers.list')).toBe('0');
    });
  });

  const waiting = () => {
    it('Receive goes on with the message that fits', async () => {
      expect(
        (await run("print('before')\nlocal m = Receive({ Action = 'Go' })\nreturn 'after ' .. m.Data")).output.data,
      ).toBe('before');
      expect(await printed({ action: 'Else' })).toContain('New Message');
      expect(await printed({ action: 'Go', data: 'x' })).toBe('after x');
      expect(await printed({ action: 'Go', data: 'x' })).toContain('New Message');
    });

    it('works in handlers, several at a time', async () => {
      await run(`Handlers.add('Ask', function(msg)
        local answer = Send({ Target = 'SVC', Action = 'Get', Data = msg.Data }).receive()
        msg.reply({ Data = msg.Data .. '=' .. answer.Data })
      end)`);
      const first = await fromProcess('A', { action: 'Ask', data: 'a', reference: '10' });
      const second = await fromProcess('B', { action: 'Ask', data: 'b', reference: '20' });
      expect(first.outbox).toMatchObject({ '1': { target: 'SVC', reference: '1' } });
      expect(second.outbox).toMatchObject({ '1': { target: 'SVC', reference: '2' } });
      const two = await fromProcess('SVC', { 'x-reference': '2', data: '2' });
      expect(two.outbox).toMatchObject({ '1': { target: 'B', data: 'b=2', 'x-reference': '20' } });
      const one = await fromProcess('SVC', { 'x-reference': '1', data: '1' });
      expect(one.outbox).toMatchObject({ '1': { target: 'A', data: 'a=1', 'x-reference': '10' } });
      expect(await data('#Handlers.list')).toBe('1');
    });

    it('receive of a forwarded message names who will answer', async () => {
      await run("Answer = Send({ Target = 'B' }).receive('C')");
      expect((await fromProcess('B', { 'x-reference': '1' })).output.data).toContain('New Message');
      expect((await fromProcess('C', { 'x-reference': '1', data: 'x' })).output.data).toBe('');
    });

    it('receive of a spawn waits for its announcement', async () => {
      process = await TestProcess.start({ dialect, owner: OWNER, definition: { authority: AUTHORITY, module: 'M' } });
      open.push(process);
      await run('Child = Spawn(nil, {}).receive().Process');
      await fromProcess(process.id, { action: 'Spawned', process: 'NEW', reference: '1' });
      expect(await data('Child')).toBe('NEW');
    });

    it('an error after the wait is the error of that slot', async () => {
      await run("Receive('Go')\nerror('late')");
      expect((await send({ action: 'Go' })).error).toContain('late');
    });

    it('survives a snapshot', async () => {
      await run("local secret = 'kept'\nlocal m = Receive('Go')\nreturn secret .. m.Data");
      await process.restore();
      expect(await printed({ action: 'Go', data: '!' })).toBe('kept!');
    });

    it('is refused where nobody could go on', async () => {
      expect((await run("return coroutine.wrap(function() return Receive('x') end)()")).error).toContain(
        'Receive may only be called while a message is handled',
      );
    });

    it('is bounded', async () => {
      await run("Handlers.add('W', function() Receive({ Never = '1' }) end)");
      for (let i = 0; i < 1000; i++) await send({ action: 'W' });
      expect((await send({ action: 'W' })).error).toContain('too many functions of this process wait');
    });
  };

  const refusing = () => {
    it('Receive says that this machine cannot wait', async () => {
      expect((await run("Receive('Go')")).error).toContain('Receive needs coroutines');
    });
  };

  // The dialect of the network has no coroutines.
  describe('waiting', dialect === 'standard' ? waiting : refusing);
});
