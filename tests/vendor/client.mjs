// The vendor's client, driven by lines of JSON: {"call": "record.addRecord", "params": {…}} in, {"result": …} or
// {"error": {…}} out. The first argument is the folder that holds node_modules, the second the client's options.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.argv[2], "package.json"));
const { KintoneRestAPIClient } = require("@kintone/rest-api-client");
const client = new KintoneRestAPIClient(JSON.parse(process.argv[3]));

async function answer({ call, params }) {
  const [group, name] = call.split(".");
  if (call === "file.uploadFile") {
    params = { file: { name: params.name, data: Buffer.from(params.base64, "base64") } };
  }
  const result = name ? await client[group][name](params) : await client[group](params);
  if (call === "file.downloadFile") return Buffer.from(result).toString("base64");
  return result;
}

for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = { result: (await answer(JSON.parse(line))) ?? null };
  } catch (error) {
    const { name, message, status, code, errors, bulkRequestIndex, processedRecordsResult } = error;
    const inner = error.error && { code: error.error.code, status: error.error.status, errors: error.error.errors };
    const more = { errorIndex: error.errorIndex, processedRecordsResult, inner };
    told = { error: { name, message, status, code, errors, bulkRequestIndex, ...more } };
  }
  process.stdout.write(JSON.stringify(told) + "\n");
}
