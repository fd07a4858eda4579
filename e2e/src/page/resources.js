// Counts the browser's resources that the page holds. It runs before the page's own scripts. A resource is held from
// the time when it is requested until it is released or ends by itself.
(() => {
  const held = {
    timers: new Map(), intervals: new Map(), frames: new Map(), listeners: new Map(), urls: new Map(),
    workers: new Map(), channels: new Map(), databases: new Map(), requests: new Map(),
  };

  const timers = (kind, set, clears, ends) => {
    const native = window[set];
    window[set] = (act, ...options) => {
      const id = native((...args) => {
        if (ends) held[kind].delete(id);
        return act(...args);
      }, ...options);
      held[kind].set(id, `${set} ${options[0] ?? ''}`);
      return id;
    };
    for (const clear of clears) {
      const before = window[clear];
      window[clear] = (id) => {
        held[kind].delete(id);
        before(id);
      };
    }
  };
  // Each of the two clear functions also clears what the other set function has set.
  timers('timers', 'setTimeout', ['clearTimeout', 'clearInterval'], true);
  timers('intervals', 'setInterval', ['clearTimeout', 'clearInterval'], false);
  timers('frames', 'requestAnimationFrame', ['cancelAnimationFrame'], true);

  // Only listeners on objects that live as long as the page are counted. All others are removed with their objects.
  const lasts = (target) => [window, document, document.documentElement, document.body].includes(target)
    || [window.MediaQueryList, window.ServiceWorkerContainer].some((kind) => kind && target instanceof kind);
  const numbers = new WeakMap();
  const number = (thing) => numbers.get(thing) ?? (numbers.set(thing, number.next++), numbers.get(thing));
  number.next = 0;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const key = (target, type, act, options) =>
    `${target.constructor.name} ${number(target)}: ${type} ${number(act)} ${Boolean(options?.capture ?? options)}`;
  EventTarget.prototype.addEventListener = function (type, act, options) {
    const target = this ?? window;
    if (act && lasts(target)) {
      const name = key(target, type, act, options);
      held.listeners.set(name, name);
      if (options?.once) addEventListener.call(target, type, () => held.listeners.delete(name), options);
      options?.signal?.addEventListener('abort', () => held.listeners.delete(name));
    }
    addEventListener.call(target, type, act, options);
  };
  EventTarget.prototype.removeEventListener = function (type, act, options) {
    const target = this ?? window;
    if (act && lasts(target)) held.listeners.delete(key(target, type, act, options));
    removeEventListener.call(target, type, act, options);
  };

  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (content) => {
    const url = createObjectURL.call(URL, content);
    held.urls.set(url, `${content.type} of ${content.size} bytes`);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    held.urls.delete(url);
    revokeObjectURL.call(URL, url);
  };

  window.Worker = class extends Worker {
    constructor(script, options) {
      super(script, options);
      held.workers.set(this, String(script));
    }
    terminate() {
      held.workers.delete(this);
      super.terminate();
    }
  };

  window.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      for (const port of [this.port1, this.port2]) held.channels.set(port, 'a port');
    }
  };
  const closePort = MessagePort.prototype.close;
  MessagePort.prototype.close = function () {
    held.channels.delete(this);
    closePort.call(this);
  };

  const openDatabase = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...name) {
    const request = openDatabase.apply(this, name);
    request.addEventListener('success', () => held.databases.set(request.result, request.result.name));
    return request;
  };
  const closeDatabase = IDBDatabase.prototype.close;
  IDBDatabase.prototype.close = function () {
    held.databases.delete(this);
    closeDatabase.call(this);
  };

  const { fetch } = window;
  window.fetch = (...request) => {
    const response = fetch(...request);
    held.requests.set(response, String(request[0]?.url ?? request[0]));
    const end = () => held.requests.delete(response);
    response.then(end, end);
    return response;
  };

  let memory;
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (...module) => {
      const result = await native.apply(WebAssembly, module);
      memory ??= (result.instance ?? result).exports.memory;
      return result;
    };
  }

  window.heldResources = () => ({
    held: Object.fromEntries(Object.entries(held).map(([kind, things]) => [kind, [...things.values()]])),
    wasm_bytes: memory.buffer.byteLength,
  });
})();
