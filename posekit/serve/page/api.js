// The page of the API, made of its OpenAPI description.

import { ask, setUpFrame } from "./frame.js";

const EXAMPLES = {
  "post /v1/predict": (url) =>
    [
      `curl -F images=@a.jpg -F images=@b.jpg -F 'options={"max_people": 2}' ${url}/v1/predict`,
      `curl --data-binary @a.jpg -H 'Content-Type: image/jpeg' '${url}/v1/predict?boxes=[[20,10,180,400]]'`,
    ].join("\n"),
  "post /v1/video": (url) => `curl --data-binary @walk.mp4 -H 'Content-Type: video/mp4' '${url}/v1/video?draw=true'`,
};

function part(tag, text, className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = className;
  return node;
}

function showOperation(path, method, operation) {
  const head = part("h2", "");
  head.append(part("span", method.toUpperCase(), "method"), part("code", path), part("span", `  ${operation.summary ?? ""}`, "soft"));
  const nodes = [head, part("p", (operation.description ?? "").replaceAll("``", ""))];
  if (operation.parameters?.length) nodes.push(tableOf(operation.parameters));
  const content = operation.requestBody?.content;
  if (content) nodes.push(part("p", `Content-Type: ${Object.keys(content).join(", ")}`, "soft"));
  const example = EXAMPLES[`${method} ${path}`] ?? ((url) => `curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}${url}${path}`);
  nodes.push(part("pre", example(location.origin)));
  return nodes;
}

function tableOf(parameters) {
  const table = document.createElement("table");
  for (const parameter of parameters) {
    const row = table.insertRow();
    row.insertCell().append(part("code", parameter.name));
    row.insertCell().textContent = parameter.schema?.type ?? "";
    row.insertCell().textContent = parameter.description || (parameter.in === "path" ? "in the path" : "");
  }
  return table;
}

setUpFrame();
const description = await (await ask("/openapi.json")).json();
document.getElementById("status").textContent = `${description.info.description} ${description.info.version}`;
document.getElementById("paths").append(
  ...Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => showOperation(path, method, operation)),
  ),
);
