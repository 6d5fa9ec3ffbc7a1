/**
 * The runtime as its users meet it: messages in, `results` out, on both machines the node offers.
 */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Deliver, dialects, TestProcess } from './test-process.ts';

const OWNER = 'owner-address';
const AUTHORITY = 'authority-address';

describe.each(dialects)('on the %s machine', (dialect) => {
  let process: TestProcess;
  const open: TestProcess[] = [];

  async function start(definition: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
    const started = await TestProcess.start({
      dialect,
      owner: OWNER,
      definition: { name: 'test', authority: AUTHORITY, ...definition },
    });
    open.push(started);
    return started;
  }

  beforeEach(async () => {
    process = await start();
  });

  afterAll(() => {
    for (const one of open) one.close();
  });

  const data = async (code: string): Promise<unknown> => (await process.eval(code)).output.data;
  const fromProcess = (id: string, message: Deliver) =>
    process.deliver({ ...message, 'from-process': id }, { signer: AUTHORITY });

  describe('Eval', () => {
    it('shows the value of an expression', async () => {
      expect(await data('1 + 1')).toBe('2');
      expect(await data("'a' .. 'b'")).toBe('ab');
      expect(await data('1, nil, true')).toBe('1\tnil\ttrue');
      expect(await data('unknown')).toBe('nil');
    });

    it('runs statements over several lines and keeps their variables', async () => {
      expect(await data('local a = 20\nlocal b = 1\nTotal = a + b')).toBe('');
      expect(await data('Total * 2')).toBe('42');
      expect(await data('-- a comment\nTotal')).toBe('21');
    });

    it('shows what was printed, then the values, tables laid out', async () => {
      expect(await data("print('one', 2)\nprint({ x = 1 })\nreturn 'done'")).toBe('one\t2\n{\n  x = 1\n}\ndone');
    });

    it('reports an error as `error` and as output, and sends nothing', async () => {
      const results = await process.eval("Send({ Target = 'T' })\nerror('boom')");
      expect(results.error).toContain('boom');
      expect(results.output.data).toBe(results.error);
      expect(results.outbox).toEqual({});
      expect(results.raw).toEqual({
        Error: results.error,
        Output: { data: results.error, prompt: 'test@aos-2.0.16[Inbox:0]> ' },
      });
    });

    it('reports code that does not compile', async () => {
      const results = await process.eval('x = = 1');
      expect(results.error).toContain('=');
      expect((await process.eval('1')).output.data).toBe('1');
    });

    it('is for the owner alone', async () => {
      const stranger = await process.eval('Owner = "me"', { signer: 'stranger' });
      expect(stranger.output.data).toContain('New Message From');
      expect(await data('Owner')).toBe(OWNER);
    });

    it('wants this process as target', async () => {
      const results = await process.deliver({ action: 'Eval', data: 'Owner = nil' }, { signer: OWNER });
      expect(results.output.data).toBe('Eval needs this process as its Target.');
      expect(await data('Owner')).toBe(OWNER);
    });

    it('believes a signature only when it covers the whole message', async () => {
      const message = { action: 'Eval', target: process.id, data: 'Owner = "me"' };
      await process.deliver(message, { signer: OWNER, committed: ['action', 'target'] });
      expect(await data('Owner')).toBe(OWNER);
    });

    it('follows the owner: handed over, locked', async () => {
      await process.eval('Owner = "next"');
      expect((await process.eval('1')).output.data).toContain('New Message From');
      expect((await process.eval('1', { signer: 'next' })).output.data).toBe('1');
      await process.eval('owner = nil', { signer: 'next' });
      expect((await process.eval('1', { signer: 'next' })).output.data).toContain('New Message From');
    });

    it('takes the code from a Lua message inside the message', async () => {
      const body = { 'content-type': 'application/lua', body: 'return 6 * 7' };
      const results = await process.deliver({ action: 'Eval', target: process.id, body }, { signer: OWNER });
      expect(results.output.data).toBe('42');
    });

    it('survives a program that takes the names of the library', async () => {
      await process.eval('table, string, error, type, ipairs = nil, nil, nil, nil, nil');
      expect(await data('1 + 1')).toBe('2');
    });

    it.each(['compute = nil', 'function compute(a, b) return a + b end'])('survives `%s`', async (code) => {
      expect(await data(code)).toContain('`compute` runs this process: it has been put back');
      expect(await data('1 + 1')).toBe('2');
    });

    it('cuts endless output', async () => {
      const results = await process.eval("for i = 1, 3000 do print(('x'):rep(1000)) end");
      expect(String(results.output.data).length).toBeLessThan(1_000_100);
      expect(results.output.data).toContain('(output is cut here)');
    });

    it('shows the beginning of one long line, and no part of a character', async () => {
      const results = await process.eval("print('x' .. ('\\xc3\\xa9'):rep(600000)) print('more')");
      expect(results.output.data).toMatch(/^xé+\.\.\. \(output is cut here\)$/);
      expect(Buffer.byteLength(results.output.data)).toBeGreaterThan(990_000);
    });

    it('keeps output readable as text', async () => {
      expect(await data("print('\\xff\\xc3') return 'ok'")).toBe('??\nok');
    });
  });

  describe('results', () => {
    it('has the parts that consoles and legacy clients read', async () => {
      const results = await process.eval(
        "Send({ Target = 'T', Action = 'Hi', Data = 'yo', Quantity = 7 })\nreturn 'sent'",
      );
      expect(results).toEqual({
        info: 'hyper-aos',
        output: { data: 'sent', prompt: 'test@aos-2.0.16[Inbox:0]> ' },
        outbox: { '1': { target: 'T', action: 'Hi', data: 'yo', quantity: 7, reference: '1' } },
        raw: {
          Output: { data: 'sent', prompt: 'test@aos-2.0.16[Inbox:0]> ' },
          Messages: [
            {
              Target: 'T',
              Data: 'yo',
              Anchor: '00000000000000000000000000000001',
              Tags: [
                { name: 'Data-Protocol', value: 'ao' },
                { name: 'Variant', value: 'ao.N.1' },
                { name: 'Type', value: 'Message' },
                { name: 'Action', value: 'Hi' },
                { name: 'Quantity', value: '7' },
                { name: 'Reference', value: '1' },
              ],
            },
          ],
        },
      });
    });

    it('shows the prompt of the program, and a plain one when that fails', async () => {
      expect((await process.eval('function Prompt() return Name .. "!" end')).output.prompt).toBe('test!');
      expect((await process.eval('function Prompt() error("no") end')).output.prompt).toBe('> ');
    });

    it('marks output that nobody asked for', async () => {
      const results = await process.deliver({ action: 'Hello', target: process.id }, { signer: 'someone' });
      expect(results.output).toEqual({
        data: 'New Message From someone: Action = Hello',
        prompt: 'test@aos-2.0.16[Inbox:1]> ',
        print: true,
      });
    });
  });

  describe('sending', () => {
    it('makes keys of tags, in either form', async () => {
      const results = await process.eval(
        "Send({ Target = 'T', Tags = { Action = 'A', ['X-Y'] = 'z' } })\nSend({ Target = 'T', Tags = { { name = 'Action', value = 'B' } } })",
      );
      expect(results.outbox).toEqual({
        '1': { target: 'T', action: 'A', 'x-y': 'z', reference: '1' },
        '2': { target: 'T', action: 'B', reference: '2' },
      });
    });

    it('keeps types, and sends long integers as text', async () => {
      const results = await process.eval(
        "Send({ Target = 'T', n = 5, f = 1.5, yes = true, list = { 1, 2 }, map = { Deep = { x = 1 } }, long = 1234567890123456 })",
      );
      expect(results.outbox).toEqual({
        '1': {
          target: 'T',
          n: 5,
          f: { $float: '1.5' },
          yes: true,
          list: [1, 2],
          map: { Deep: { x: 1 } },
          long: '1234567890123456',
          reference: '1',
        },
      });
    });

    it.each([
      ['Send({ Data = "x" })', 'Send needs a Target'],
      ['Send("x")', 'Send needs a table, got string'],
      ['Send({ Target = "T", f = print })', "Send: 'f' is a function and cannot leave the process"],
      ['local t = {} t.t = t\nSend({ Target = "T", t = t })', "Send: 't/t' contains itself"],
      ['Send({ Target = "T", ["a+link"] = "x" })', "Send: a message cannot have a key 'a+link'"],
      ['Assign({ Processes = {} })', 'Assign needs Processes, a list of ids'],
      ['Handlers.add("x")', "Handlers.add: the handler of 'x' must be a function or a table, got nil"],
      [
        'Handlers.add("x", 5, print)',
        "Handlers.add: the pattern of 'x' must be a text, a table or a function, got number",
      ],
      ['Handlers.add("x", "y", 5)', "Handlers.add: the handler of 'x' must be a function or a table, got string"],
    ])('%s says what is wrong', async (code, text) => {
      expect((await process.eval(code)).error).toContain(text);
    });

    it('spawns with the devices, scheduler and authority of this process', async () => {
      process = await start({ scheduler: 'SCHED', 'execution-device': 'lua@5.3a', module: 'MODULE' });
      const results = await process.eval("Spawn(nil, { Name = 'child', ['On-Boot'] = 'Data', Data = 'x = 1' })");
      const spawn = {
        type: 'Process',
        device: 'process@1.0',
        'execution-device': 'lua@5.3a',
        'data-protocol': 'ao',
        variant: 'ao.N.1',
        scheduler: 'SCHED',
        authority: AUTHORITY,
        module: 'MODULE',
        name: 'child',
        'on-boot': 'Data',
        data: 'x = 1',
        reference: '1',
      };
      expect(results.outbox).toEqual({ '1': spawn });
      expect(results.raw.Spawns).toHaveLength(1);
      const other = await process.eval("Spawn('OTHER', { Authority = 'A', Scheduler = 'S' })");
      expect(other.outbox).toMatchObject({ '1': { module: 'OTHER', authority: 'A', scheduler: 'S', reference: '2' } });
    });

    it('keeps bytes that are no text away from clients that read JSON, not from the receiver', async () => {
      const results = await process.eval("Send({ Target = 'T', Data = '\\xff\\x00' })");
      expect(results.outbox).toMatchObject({ '1': { data: { $bin: '/wA=' } } });
      expect(results.raw.Messages).toMatchObject([{ Data: '?\0' }]);
    });

    it('assigns', async () => {
      const results = await process.eval("Assign({ Processes = { 'A', 'B' }, Message = 'm' })");
      expect(results.outbox).toEqual({ '1': { type: 'Assignment', processes: ['A', 'B'], message: 'm' } });
      expect(results.raw.Assignments).toEqual([{ Processes: ['A', 'B'], Message: 'm' }]);
    });

    it('sends what a program has put into the outbox itself', async () => {
      const results = await process.eval("table.insert(ao.outbox.Messages, { Target = 'T', Tags = { Action = 'A' } })");
      expect(results.outbox).toEqual({ '1': { target: 'T', action: 'A' } });
    });
  });

  describe('trust', () => {
    it('takes the word of an authority for a process', async () => {
      await process.eval("Handlers.add('Who', function(msg) print(msg.From .. ' ' .. msg.Owner) end)");
      expect((await fromProcess('P', { action: 'Who', target: process.id })).output.data).toBe(`P ${AUTHORITY}`);
    });

    it('refuses a stranger who speaks for a process', async () => {
      await process.eval("Handlers.add('Who', function(msg) print(msg.From) end)");
      const message = { action: 'Who', target: process.id, 'from-process': 'P' };
      const results = await process.deliver(message, { signer: 'stranger' });
      expect(results.output.data).toBe('Message is not trusted.');
      expect(results.outbox).toEqual({});
    });

    it('does not let anybody set sender, time or id', async () => {
      await process.eval(
        "Handlers.add('Who', function(msg) print(msg.From, msg.Owner, msg.Id, msg.Timestamp, msg.Slot) end)",
      );
      const message = { action: 'Who', target: process.id, from: 'x', owner: 'x', id: 'x', timestamp: 1, slot: 1000 };
      const results = await process.deliver(message, { signer: 'me' });
      expect(results.output.data).toBe(`me\tme\tmessage-1\t${1_700_000_000_001}\t1`);
    });

    it('lets the owning process Eval, when an authority signs for it', async () => {
      await process.eval("Owner = 'PARENT'");
      const message = { action: 'Eval', target: process.id, data: '1 + 1' };
      expect((await fromProcess('PARENT', message)).output.data).toBe('2');
      expect((await process.deliver({ ...message, 'from-process': 'PARENT' }, { signer: 'x' })).output.data).toBe(
        'Message is not trusted.',
      );
    });

    it('reads several authorities from one text', async () => {
      process = await start({ authority: `"one", ${AUTHORITY}` });
      expect(await data('Dump(ao.authorities)')).toBe(`{\n  "one",\n  "${AUTHORITY}"\n}`);
    });

    it('refuses messages for others until they are assignable', async () => {
      await process.eval(
        "Handlers.add('all', function() return true end, function(msg) print('got ' .. msg.Data) end)",
      );
      const message = { target: 'ELSEWHERE', data: 'it', 'app-name': 'App' };
      expect((await process.deliver(message, { signer: 'x' })).output.data).toBe('Assignment is not trusted.');
      await process.eval("ao.addAssignable('app', { ['App-Name'] = 'App' })");
      expect((await process.deliver(message, { signer: 'x' })).output.data).toBe('got it');
      await process.eval("ao.removeAssignable('app')");
      expect((await process.deliver(message, { signer: 'x' })).output.data).toBe('Assignment is not trusted.');
    });
  });

  describe('boot', () => {
    it('runs the data of the definition when On-Boot says so', async () => {
      process = await start({ 'on-boot': 'Data', data: "Ready = true\nprint('booted')" });
      expect((await process.boot()).output.data).toBe('booted');
      expect(await data('Ready')).toBe('true');
    });

    it('leaves a plain definition alone', async () => {
      const results = await process.boot();
      expect(results.output.data).toBe('');
      expect(await data('#Inbox')).toBe('0');
    });

    it('knows itself', async () => {
      expect(await data('ao.id')).toBe(process.id);
      expect(await data('id')).toBe(process.id);
      expect(await data('ao.env.Process.Owner')).toBe(OWNER);
      expect(await data('ao.env.Process.Tags.Name')).toBe('test');
      expect(await data("require('.process')._version")).toMatch(/^\d+\.\d+\.\d+$/);
    });
  });

  describe('publishing', () => {
    it('makes values part of the state', async () => {
      await process.eval("Publish('balances', { alice = 1, bob = 12345678901234567 })");
      expect(process.state('cache')).toEqual({ balances: { alice: 1, bob: '12345678901234567' } });
      await process.eval("Publish('balances', { carol = 3 })");
      expect(process.state('cache')).toEqual({ balances: { carol: 3 } });
      await process.eval("Publish({ name = 'x' }) ao.unpublish('balances')");
      expect(process.state('cache')).toEqual({ name: 'x' });
    });

    it('lays patch messages over the state, maps merged, and does not send them', async () => {
      await process.eval("Send({ device = 'patch@1.0', cache = { a = { x = 1 } }, Total = 5 })");
      const results = await process.eval("Send({ Target = ao.id, method = 'PATCH', cache = { a = { y = 2 } } })");
      expect(results.outbox).toEqual({});
      expect(process.state('cache')).toEqual({ a: { x: 1, y: 2 } });
      expect(process.state('total')).toBe(5);
    });

    it('leaves patches to patch@1.0 when the process has it', async () => {
      process = await start({ 'device-stack': 'lua@5.3a,patch@1.0' });
      const results = await process.eval("Send({ device = 'patch@1.0', cache = { a = 1 } })");
      expect(results.outbox).toEqual({ '1': { device: 'patch@1.0', cache: { a: 1 } } });
      expect(process.state('cache')).toBeUndefined();
    });

    it('does not let a program break its process', async () => {
      const results = await process.eval("Send({ device = 'patch@1.0', module = 'x' })");
      expect(results.error).toContain("the key 'module' belongs to the process itself");
      const inserted = await process.eval("table.insert(ao.outbox.Messages, { method = 'PATCH', process = {} })");
      expect(inserted.error).toContain("the key 'process' belongs to the process itself");
    });

    it.each(["['']", "['a/b']", "['a?']", "['a&b']", "['a+link']"])('refuses the key %s, at any depth', async (key) => {
      for (const map of [`{ ${key} = 1 }`, `{ deep = { ${key} = 1 } }`]) {
        expect((await process.eval(`Publish(${map})`)).error).toMatch(/no path could name it|cannot have a key/);
        const sent = await process.eval(`Send({ device = 'patch@1.0', cache = ${map} })`);
        expect(sent.error).toMatch(/no path could name it|cannot have a key/);
      }
      expect(process.state('cache')).toBeUndefined();
    });

    it('publishes nothing when the message fails', async () => {
      await process.eval("Publish('a', 1) error('no')");
      expect(process.state('cache')).toBeUndefined();
    });
  });

  describe('Inbox', () => {
    it('holds what no handler took, readable in any case', async () => {
      await process.deliver({ action: 'Hi', target: process.id, data: 'hello', 'x-key': 'v', n: 5 }, { signer: 'me' });
      expect(await data('#Inbox')).toBe('1');
      expect(await data('Inbox[1].Data .. Inbox[1].data .. Inbox[1].Tags.Action .. Inbox[1].action')).toBe(
        'hellohelloHiHi',
      );
      expect(await data("Inbox[1]['X-Key'] .. Inbox[1]['x-key'] .. Inbox[1].Tags['X-Key']")).toBe('vvv');
      expect(await data('math.type(Inbox[1].N), Inbox[1].Tags.N')).toBe('integer\t5');
      expect(await data('Tab(Inbox[1]).Action, #Inbox[1].TagArray')).toBe('Hi\t3');
    });

    it('drops the oldest when it is full', async () => {
      await process.eval('MAX_INBOX = 3');
      for (let i = 1; i <= 5; i++) {
        await process.deliver({ target: process.id, data: `m${i}` }, { signer: 'me' });
      }
      expect(await data('#Inbox, Inbox[1].Data, Inbox[3].Data')).toBe('3\tm3\tm5');
    });

    it('is bounded by size as well', async () => {
      const large = 'x'.repeat(6 * 1024 * 1024);
      for (let i = 1; i <= 4; i++) await process.deliver({ target: process.id, data: large }, { signer: 'me' });
      expect(await data('#Inbox')).toBe('2');
    });
  });

  describe('determinism', () => {
    it('takes time from the message and randomness from the assignment', async () => {
      const again = await start();
      const code = 'return os.time(), os.date("%Y-%m-%d"), os.clock(), math.random(1000000)';
      const first = await data(code);
      expect(first).toMatch(/^1700000000000\t2023-11-14\t/);
      expect((await again.eval(code)).output.data).toBe(first);
      expect(await data(code)).not.toBe(first);
    });
  });

  describe('errors', () => {
    it('in a handler become the result of the slot, and the process goes on', async () => {
      await process.eval(
        "Handlers.add('Bad', function(msg) msg.reply({ Data = 'x' }) Count = 1 error('bad thing') end)",
      );
      const results = await process.deliver({ action: 'Bad', target: process.id }, { signer: 'me' });
      expect(results.error).toContain('bad thing');
      expect(results.output.print).toBe(true);
      expect(results.outbox).toEqual({});
      expect(results.raw.Error).toBe(results.error);
      expect(await data('Count, #Errors, Errors[1].Slot')).toBe('1\t1\t1');
    });

    it('in a pattern too', async () => {
      await process.eval("Handlers.add('p', function(msg) return msg.Nothing.x end, print)");
      expect((await process.deliver({ target: process.id }, { signer: 'me' })).error).toBeTruthy();
    });

    it('keep the list of errors short', async () => {
      await process.eval("Handlers.add('Bad', function() error('x') end)");
      for (let i = 0; i < 60; i++) await process.deliver({ action: 'Bad', target: process.id }, { signer: 'me' });
      expect(await data('#Errors')).toBe('50');
    });

    it('of a broken list of handlers leave Eval working', async () => {
      await process.eval('Handlers.list = 5');
      expect((await process.deliver({ target: process.id }, { signer: 'me' })).error).toBeTruthy();
      expect(await data('Handlers.list')).toBe('5');
    });
  });

  describe('odd messages', () => {
    it.each<Deliver>([
      {},
      { action: { deep: { a: 1 } }, data: ['x', 2] },
      { action: ['Eval'], target: 5, data: 7 },
      { target: '', 'from-process': ['a', 'b'], 'reply-to': { x: 1 }, reference: [1] },
      { 'from-process': '', tags: [{ name: 'x', value: 'y' }], tagarray: 'x', data: { $bin: '/wA=' } },
      { reply: 'x', forward: 'y', receive: 'z', __index: 'a', '': 'empty', '1': 'one', 'a/b': 'c' },
      { type: 'Process', 'on-boot': { a: 1 }, target: 'process-id' },
      { cron: true, module: 'other', nonce: 'x', epoch: {}, 'hash-chain': 5 },
      { commitments: 'none' },
    ])('%j end in order, and can be answered and kept', async (message) => {
      await process.eval(
        "Handlers.add('echo', function() return 'continue' end, function(msg) msg.reply({ Data = msg.Data }) end)",
      );
      const results = await process.deliver(message, { signer: 'me' });
      expect(results.info).toBe('hyper-aos');
      expect(await data('Dump(Inbox) ~= nil and Owner')).toBe(OWNER);
    });

    it('an assignment without anything usable ends in order too', async () => {
      for (const request of [
        {},
        { body: 'text', slot: 3 },
        { body: [], slot: {} },
        { timestamp: 'x', body: { a: 1 }, slot: 5 },
      ]) {
        expect((await process.dryRun(request)).info).toBe('hyper-aos');
      }
      expect(await data('Owner')).toBe(OWNER);
    });
  });

  it('answers dry runs without an assignment', async () => {
    await process.eval("Handlers.add('Balance', function(msg) msg.reply({ Data = '7 for ' .. msg.From }) end)");
    const results = await process.dryRun({ action: 'Balance', from: 'alice' });
    expect(results.outbox).toMatchObject({ '1': { data: '7 for alice', target: 'alice' } });
    const evaluated = await process.dryRun({
      action: 'Eval',
      from: OWNER,
      owner: OWNER,
      target: process.id,
      data: '1',
    });
    expect(evaluated.output.data).not.toBe('1');
  });

  it('does not grow over thousands of messages', async () => {
    await process.eval('MAX_INBOX = 50\nn = 0');
    await process.eval("Handlers.add('Inc', function(msg) n = n + 1 msg.reply({ Data = tostring(n) }) end)");
    const round = async () => {
      for (let i = 0; i < 1000; i++) {
        await process.deliver({ action: 'Inc', target: process.id, reference: String(i) }, { signer: `user-${i}` });
        await process.deliver({ action: `Other-${i}`, target: process.id, [`key-${i}`]: 'v' }, { signer: `user-${i}` });
      }
      await process.eval('error("x")');
      return process.memory();
    };
    await round();
    const before = await round();
    const after = await round();
    expect(await data('n')).toBe('3000');
    expect(after).toBeLessThan(before * 1.1);
  });
});
