// What happens to a storage from outside.

export async function clear_files(title) {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(title, { recursive: true });
}

export function clear_database(title) {
  return new Promise((succeed, fail) => {
    const request = indexedDB.deleteDatabase(title);
    request.onsuccess = () => succeed();
    request.onerror = () => fail(request.error);
  });
}

// As a page leaves it that is closed while it first writes to a file.
export async function leave_unfinished(title, name) {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(title);
  await folder.getFileHandle(`${name}.kept`, { create: true });
}

const handle = globalThis.FileSystemFileHandle?.prototype;
const createWritable = handle?.createWritable;

// As Safari was before version 26: there are files, but a page cannot write to them.
export function without_files(is_so) {
  if (!createWritable) {
    return;
  }
  if (is_so) {
    delete handle.createWritable;
  } else {
    handle.createWritable = createWritable;
  }
}

const write = globalThis.FileSystemWritableFileStream?.prototype.write;
const put = IDBObjectStore.prototype.put;

// As if the disk were full when a file is nearly written.
export function with_full_disk(is_so) {
  const full = () => new DOMException("no room", "QuotaExceededError");
  if (write) {
    FileSystemWritableFileStream.prototype.write = is_so ? () => Promise.reject(full()) : write;
  }
  let puts = 0;
  IDBObjectStore.prototype.put = is_so
    ? function (...what) {
        puts += 1;
        if (puts % 2 === 0) {
          throw full();
        }
        return put.apply(this, what);
      }
    : put;
}

const arrayBuffer = Blob.prototype.arrayBuffer;
const directory = globalThis.FileSystemDirectoryHandle?.prototype;
const getDirectoryHandle = directory?.getDirectoryHandle;

// As Firefox is on a busy machine: it aborts the reading of a file that is being replaced, this many times in a row, and then
// cannot look for folders either.
export function with_aborted_reads(times) {
  const refuse = (name) => Promise.reject(new DOMException("not now", name));
  let left = times;
  Blob.prototype.arrayBuffer = function () {
    left -= 1;
    return left < 0 ? arrayBuffer.call(this) : refuse("AbortError");
  };
  if (directory) {
    directory.getDirectoryHandle = function (...what) {
      return left <= 0 ? getDirectoryHandle.apply(this, what) : refuse("UnknownError");
    };
  }
}
