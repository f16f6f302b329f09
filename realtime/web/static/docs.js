// Create the documentation from openapi.json in the browser, without external resources.

const make = (tag, content = "", name = "") => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...[content].flat());
  return element;
};

const last = (reference) => reference.split("/").at(-1);

function type(schema) {
  if (!schema) return "";
  if (schema.$ref) {
    const link = make("a", last(schema.$ref));
    link.href = `#${last(schema.$ref)}`;
    return link;
  }
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return make("span", several.flatMap((one, at) => (at ? [" or ", type(one)] : [type(one)])));
  if (schema.type === "array") return make("span", ["list of ", type(schema.items)]);
  if (schema.additionalProperties) return make("span", ["object of ", type(schema.additionalProperties)]);
  if (schema.format === "binary") return "file";
  return schema.type ?? "any";
}

function table(heads, rows) {
  const body = make("tbody", rows.map((row) => make("tr", row.map((content) => make("td", content)))));
  return make("div", make("table", [make("thead", make("tr", heads.map((head) => make("th", head)))), body]), "wide");
}

// Text with `code` in it.
const prose = (text) => (text ?? "").split(/\n\n+/).map((part) => make("p", part.split("`").map((piece, at) => (at % 2 ? make("code", piece) : piece))));

function operation(path, method, about) {
  const parts = [...prose(about.description)];
  if (about.parameters?.length) {
    parts.push(make("h3", "Parameters"), table(["Name", "Where", "Type", "Needed"], about.parameters.map((one) => [make("code", one.name), one.in, type(one.schema), one.required ? "required" : "optional"])));
  }
  if (about.requestBody) {
    parts.push(make("h3", "Body"), ...prose(about.requestBody.description), table(["Content type", "Type"], Object.entries(about.requestBody.content).map(([kind, { schema }]) => [make("code", kind), schema.properties ? make("span", Object.entries(schema.properties).flatMap(([name, one]) => [make("code", name), ": ", type(one)])) : type(schema)])));
  }
  const answers = Object.entries(about.responses).map(([status, answer]) => [make("code", status), answer.description, type(Object.values(answer.content ?? {})[0]?.schema)]);
  parts.push(make("h3", "Answers"), table(["Status", "Meaning", "JSON"], answers), trial(path, method, about));
  const head = make("h2", [make("span", method.toUpperCase(), `verb ${method}`), make("code", path), make("span", about.summary ?? "", "note")]);
  return make("section", [head, ...parts], "card");
}

// Form that sends a request to the server.
function trial(path, method, about) {
  const form = make("form", [], "trial");
  if (path.endsWith(".mjpg")) {
    const link = make("a", "Open it");
    link.href = path;
    form.append(link);
    return form;
  }
  const inputs = (about.parameters ?? []).map((one) => Object.assign(document.createElement("input"), { name: one.name, placeholder: one.name, ariaLabel: one.name, autocomplete: "off" }));
  const file = about.requestBody && Object.assign(document.createElement("input"), { type: "file", accept: "image/*", required: true, ariaLabel: "Picture" });
  const answer = make("pre");
  answer.hidden = true;
  answer.tabIndex = 0;
  form.append(...(file ? [file] : []), ...inputs, make("button", "Try it"), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = new URLSearchParams(inputs.filter((input) => input.value).map((input) => [input.name, input.value]));
    answer.hidden = false;
    try {
      const got = await fetch(`${path}${query.size ? `?${query}` : ""}`, { method: method.toUpperCase(), body: file?.files[0] });
      answer.textContent = `${got.status}\n${JSON.stringify(await got.json(), null, 2)}`;
    } catch (error) {
      answer.textContent = error.message;
    }
  });
  return form;
}

function schema(name, about) {
  const rows = Object.entries(about.properties ?? {}).map(([key, one]) => [make("code", key), type(one), one.description ?? ""]);
  const section = make("section", [make("h2", make("code", name)), ...prose(about.description), table(["Field", "Type", "Meaning"], rows)], "card");
  section.id = name;
  return section;
}

const SOCKETS = `A WebSocket at /ws/camera takes pictures as binary messages and answers each with one text message of JSON: \`{"type": "events", "frame": …, "timestamp_s": …, "model": …, "width": …, "height": …, "latency_ms": …, "recognize_ms": …, "events": […]}\`, its events as in \`/api/predict\`, or \`{"type": "error", "code": …, "message": …}\`. Send the next picture after the answer to the last one. Of several waiting pictures, only the newest is processed. \`{"type": "model", "name": …}\` changes the model, \`{"type": "points", "on": true}\` finds key points, \`{"type": "reset"}\` removes all tracked faces.

\`{"type": "compare", "name": …}\` asks a second model about the same faces. Each answer then has \`"compare": {"model": …, "recognize_ms": …, "events": […]}\`. The name \`null\` ends the comparison.

A WebSocket at /ws/source sends the events of the server's own source in the same form.

With a token, send the header \`Authorization: Bearer TOKEN\`.`;

async function start() {
  const api = await (await fetch("/openapi.json")).json();
  const operations = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, about]) => operation(path, method, about)));
  const used = Object.entries(api.components.schemas).filter(([name]) => !/ValidationError$/.test(name));
  const source = make("p", ["Version ", api.info.version, ", created from ", Object.assign(make("a", "openapi.json"), { href: "/openapi.json" })], "note");
  const sockets = make("section", [make("h2", "WebSockets"), ...prose(SOCKETS)], "card");
  document.getElementById("docs").replaceChildren(make("div", [...prose(api.info.description), source], "intro"), ...operations, sockets, ...used.map(([name, about]) => schema(name, about)));
}

start().catch((error) => document.getElementById("docs").replaceChildren(make("p", `The documentation cannot be read: ${error.message}`)));
