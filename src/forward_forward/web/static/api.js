// Talks to the server that this page came from, and packs bytes.

export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer; is ff serve still running?");
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.error || `The server answered ${response.status}.`);
  return told;
}

export function pack(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

export function unpack(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

const trouble = document.getElementById("trouble");

export function complain(error) {
  trouble.textContent = error ? error.message : "";
  trouble.hidden = !error;
}

// Runs what a visitor asked for; what goes wrong is told in one line on the page.
export async function attempt(work) {
  try {
    const result = await work();
    complain(null);
    return result;
  } catch (error) {
    complain(error);
    return undefined;
  }
}

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

// A colour and what it stands for.
export function entry(style, words) {
  const made = element("span", "entry");
  made.append(element("span", `key ${style}`), element("span", "", words));
  return made;
}

// Draws bytes, channel by channel, into a canvas of the image's own size.
export function showPixels(canvas, bytes, [channels, height, width]) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const size = height * width;
  for (let i = 0; i < size; i += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = bytes[(channels === 3 ? c * size : 0) + i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
