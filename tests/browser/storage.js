// Changes to a storage from outside, and simulated failures.

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

// Leaves a file as a page does that is closed during its first write to the file.
export async function leave_unfinished(title, name) {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(title);
  await folder.getFileHandle(`${name}.kept`, { create: true });
}

const handle = globalThis.FileSystemFileHandle?.prototype;
const createWritable = handle?.createWritable;

// Simulates Safari before version 26: there are files, but a page cannot write to them.
export function without_files(is_on) {
  if (!createWritable) {
    return;
  }
  if (is_on) {
    delete handle.createWritable;
  } else {
    handle.createWritable = createWritable;
  }
}

const write = globalThis.FileSystemWritableFileStream?.prototype.write;
const put = IDBObjectStore.prototype.put;

// Simulates a disk that is full when a file is almost written.
export function with_full_disk(is_on) {
  const full = () => new DOMException("no room", "QuotaExceededError");
  if (write) {
    FileSystemWritableFileStream.prototype.write = is_on ? () => Promise.reject(full()) : write;
  }
  let puts = 0;
  IDBObjectStore.prototype.put = is_on
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

// Simulates Firefox on a busy machine: it aborts this number of reads of a file that is being replaced, and until then
// also fails to open folders.
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
