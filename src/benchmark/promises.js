// The same work with the browser's own promises, as it is usually written in JavaScript.

export async function sleeps(n, ms) {
  await Promise.all(Array.from({ length: n }, () => new Promise((resolve) => setTimeout(resolve, ms))));
}

export async function ready(n) {
  await Promise.all(Array.from({ length: n }, async () => {}));
}
