// Counts the browser's resources that the page holds. It runs before the page's own scripts. A resource is held from
// the time when it is requested until it is released or ends by itself.
(() => {
  const held = {
    timers: new Map(), intervals: new Map(), frames: new Map(), listeners: new Map(), urls: new Map(),
    workers: new Map(), channels: new Map(), databases: new Map(), requests: new Map(),
  };

  const countTimers = (kind, setName, clearNames, endsWhenFired) => {
    const nativeSet = window[setName];
    window[setName] = (callback, ...options) => {
      const id = nativeSet((...args) => {
        if (endsWhenFired) held[kind].delete(id);
        return callback(...args);
      }, ...options);
      held[kind].set(id, `${setName} ${options[0] ?? ''}`);
      return id;
    };
    for (const clearName of clearNames) {
      const nativeClear = window[clearName];
      window[clearName] = (id) => {
        held[kind].delete(id);
        nativeClear(id);
      };
    }
  };
  // Timeouts and intervals share one id space (HTML standard), so each clear function clears both.
  countTimers('timers', 'setTimeout', ['clearTimeout', 'clearInterval'], true);
  countTimers('intervals', 'setInterval', ['clearTimeout', 'clearInterval'], false);
  countTimers('frames', 'requestAnimationFrame', ['cancelAnimationFrame'], true);

  // Only listeners on objects that live as long as the page are counted. All others are removed with their objects.
  const livesAsLongAsPage = (target) => [window, document, document.documentElement, document.body].includes(target)
    || [window.MediaQueryList, window.ServiceWorkerContainer].some((kind) => kind && target instanceof kind);
  const ids = new WeakMap();
  const idOf = (thing) => ids.get(thing) ?? (ids.set(thing, idOf.next++), ids.get(thing));
  idOf.next = 0;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const key = (target, type, callback, options) =>
    `${target.constructor.name} ${idOf(target)}: ${type} ${idOf(callback)} ${Boolean(options?.capture ?? options)}`;
  EventTarget.prototype.addEventListener = function (type, callback, options) {
    const target = this ?? window;
    if (callback && livesAsLongAsPage(target)) {
      const name = key(target, type, callback, options);
      held.listeners.set(name, name);
      if (options?.once) addEventListener.call(target, type, () => held.listeners.delete(name), options);
      options?.signal?.addEventListener('abort', () => held.listeners.delete(name));
    }
    addEventListener.call(target, type, callback, options);
  };
  EventTarget.prototype.removeEventListener = function (type, callback, options) {
    const target = this ?? window;
    if (callback && livesAsLongAsPage(target)) held.listeners.delete(key(target, type, callback, options));
    removeEventListener.call(target, type, callback, options);
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
    // A request counts as released when its headers arrive, not its body.
    const end = () => held.requests.delete(response);
    response.then(end, end);
    return response;
  };

  let memory;
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (...module) => {
      const result = await native.apply(WebAssembly, module);
      // The first module is the page's.
      memory ??= (result.instance ?? result).exports.memory;
      return result;
    };
  }

  window.heldResources = () => ({
    held: Object.fromEntries(Object.entries(held).map(([kind, things]) => [kind, [...things.values()]])),
    wasm_bytes: memory.buffer.byteLength,
  });
})();
