// Zip files, and compressed text for links. Sizes are limited before anything is unpacked, because a small file can
// become a large one.
//
//   pack(bytes)                            deflates
//   unpack(bytes, mostBytes)               the reverse. Throws if the bytes are damaged, or become more than `mostBytes`
//   zip(files)                             `files`: [[name, bytes]]
//   unzip(bytes, mostFiles, mostBytes)     [[name, bytes]], without folders and what systems and Python put beside files.
//                                          Throws an Error whose message is "files" or "bytes" if there are too many

import { deflateSync, inflateSync, unzipSync, zipSync } from "fflate";

export function pack(bytes) {
  return deflateSync(bytes, { level: 9 });
}

export function unpack(bytes, mostBytes) {
  // The output never grows, and ends there.
  const unpacked = inflateSync(bytes, { out: new Uint8Array(mostBytes + 1) });
  if (unpacked.length > mostBytes) throw new Error("bytes");
  return unpacked;
}

export function zip(files) {
  return zipSync(Object.fromEntries(files), { level: 6, mtime: new Date() });
}

export function unzip(bytes, mostFiles, mostBytes) {
  let [files, size] = [0, 0];
  unzipSync(bytes, {
    filter: ({ name, originalSize }) => {
      if (isFile(name)) {
        files += 1;
        size += originalSize;
      }
      return false;
    },
  });
  if (files > mostFiles) throw new Error("files");
  if (size > mostBytes) throw new Error("bytes");
  // Each file is unpacked to the size that was counted, even if there is more.
  return Object.entries(unzipSync(bytes, { filter: ({ name }) => isFile(name) }));
}

const ASIDE = /(^|\/)(__MACOSX|__pycache__|\.git)\/|(^|\/)\.DS_Store$/;

function isFile(name) {
  return !name.endsWith("/") && !ASIDE.test(name);
}
