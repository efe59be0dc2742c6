// The anthropic SDK for JavaScript through guard: a whole reply, a streamed one, and a tool's arguments.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic(); // reads ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY and ANTHROPIC_CUSTOM_HEADERS
const to = { type: "object", properties: { to: { type: "string" } }, required: ["to"] };
const asked = {
  model: process.env.GUARD_MODEL ?? "claude-sonnet-4-5",
  max_tokens: 500,
  tools: [{ name: "send", description: "Sends a mail.", input_schema: to }],
  messages: [{ role: "user", content: "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)." }],
};

const whole = await client.messages.create(asked);
const streamed = await client.messages.stream(asked).finalMessage();
for (const [name, reply] of Object.entries({ whole, streamed }))
  for (const block of reply.content) console.log(`${name}:`, block.type === "tool_use" ? JSON.stringify(block.input) : block.text);
