// The vendor's JavaScript client doing what the playbook does, written by hand: reads both apps, maps twelve fields,
// adds what is missing, updates what differs. Arguments: the folder that holds node_modules, URL, token.
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, baseUrl, apiToken] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const { KintoneRestAPIClient } = require("@kintone/rest-api-client");
const client = new KintoneRestAPIClient({ baseUrl, auth: { apiToken } });
const STATES = { new: "New", busy: "In work", done: "Closed", parked: "Parked" };

function mapped(record) {
  const value = (code) => record[code].value;
  const rows = value("parts").map((row) => ({ value: bare(row.value) }));
  return {
    ticket: { value: value("ticket") },
    machine: { value: `${value("machine").trim()} (${value("state")})` },
    site: { value: value("site").toUpperCase() },
    reporter: { value: value("reporter").toLowerCase() },
    phone: { value: value("phone").replaceAll("-", "") },
    hours: { value: String(parseInt(value("hours"), 10) + 1) },
    planned: { value: value("planned") },
    started: { value: value("started") },
    state: { value: STATES[value("state")] },
    skills: { value: [...value("skills")].sort() },
    findings: { value: `${value("findings")}\n-- ${value("reporter")}` },
    parts: { value: rows },
  };
}

function bare(cells) {
  return Object.fromEntries(Object.entries(cells).map(([code, cell]) => [code, { value: cell.value }]));
}

function same(code, stands, wanted) {
  const value = code === "parts" ? stands.value.map((row) => ({ value: bare(row.value) })) : stands.value;
  return JSON.stringify(value) === JSON.stringify(wanted.value);
}

const source = await client.record.getAllRecordsWithId({ app: 1 });
const target = await client.record.getAllRecordsWithId({ app: 2 });
const there = new Map(target.map((record) => [record.ticket.value, record]));
const added = [];
const updated = [];
for (const record of source) {
  const wanted = mapped(record);
  const stands = there.get(wanted.ticket.value);
  if (stands === undefined) {
    added.push(wanted);
  } else {
    const changed = Object.entries(wanted).filter(([code, told]) => !same(code, stands[code], told));
    if (changed.length) updated.push({ id: stands.$id.value, record: Object.fromEntries(changed) });
  }
}
await client.record.addAllRecords({ app: 2, records: added });
await client.record.updateAllRecords({ app: 2, records: updated });
