# shellcheck shell=bash
# What the scripts share; to be sourced. Every script works from the root of the project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Installs what the lock file pins, unless that is there: `install_npm run` for the build, `install_npm all` for the
# linters too, which serves the build as well.
install_npm() {
	local lock installed options=()
	lock=$(sha256sum package.json package-lock.json .npmrc | sha256sum | cut -d ' ' -f 1)
	installed=$(cat node_modules/.installed 2>/dev/null || true)
	if [ "$installed" = "$lock all" ] || [ "$installed" = "$lock $1" ]; then
		return
	fi
	[ "$1" = all ] || options=(--omit=dev)
	npm ci --loglevel=error "${options[@]}" && echo "$lock $1" >node_modules/.installed
}

# Builds a preset; CMake configures again by itself when its own files have changed.
build() {
	{ [ -f "build/$1/build.ninja" ] || cmake --preset "$1"; } && cmake --build --preset "$1"
}

# Adds to the sums that `finish` prints.
passed=0
failed=0
count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# Prints the closing line and ends the script.
finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}
