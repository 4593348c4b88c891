// Runs emulate's Slack on a free loopback port until standard input ends.
// argv: emulate's API module, the URL that replies are to name, the seed as JSON.
// Says {"port": N} when it listens; answers each line on standard input, a reset, with {}.
import net from "node:net";
import readline from "node:readline";

const [, , api, baseUrl, seed] = process.argv;
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

// emulate listens on every interface and on the port that it is told; neither suits a test.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function () {
  return listen.call(this, 0, "127.0.0.1", () => say({ port: this.address().port }));
};

const { createEmulator } = await import(api);
const emulator = await createEmulator({ service: "slack", baseUrl, seed: JSON.parse(seed) });

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", () => {
  emulator.reset();
  say({});
});
lines.on("close", () => process.exit(0));
