// Verifies messages with npm's standardwebhooks: [{secret, headers, body}] in, [null or the reason] out.
const { Webhook } = require("standardwebhooks");

const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const verdicts = cases.map(({ secret, headers, body }) => {
	try {
		new Webhook(secret).verify(body, headers);
		return null;
	} catch (error) {
		return error.message;
	}
});
process.stdout.write(JSON.stringify(verdicts));
