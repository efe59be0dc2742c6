// The openai SDK for JavaScript through guard: chat completions streamed with a tool, and a whole response.
import OpenAI from "openai";

const client = new OpenAI({ // reads OPENAI_BASE_URL and OPENAI_API_KEY
  defaultHeaders: process.env.GUARD_KEY ? { "x-guard-key": process.env.GUARD_KEY } : {},
});
const model = process.env.GUARD_MODEL ?? "gpt-5-mini";
const prompt = "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111).";
const parameters = { type: "object", properties: { to: { type: "string" } }, required: ["to"] };

const streamed = await client.chat.completions
  .stream({ model, messages: [{ role: "user", content: prompt }], tools: [{ type: "function", function: { name: "send", parameters } }] })
  .finalMessage();
console.log("streamed:", streamed.content ?? streamed.tool_calls[0].function.arguments);

const whole = await client.responses.create({ model, input: prompt });
for (const item of whole.output) console.log("whole:", item.type === "function_call" ? item.arguments : item.content[0].text);
