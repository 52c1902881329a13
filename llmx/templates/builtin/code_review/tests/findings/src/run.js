const { exec } = require("child_process");

function run(command) {
  exec(command, () => {});
}

module.exports = { run };
