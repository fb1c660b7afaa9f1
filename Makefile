# Every target installs missing tools into .tools/ and end2end/node_modules/.

.PHONY: run test ci watch build lint unit end2end lighthouse

# Serves http://127.0.0.1:3000 with SQLite in data/.
run:
	scripts/build
	target/debug/server

# All checks.
test: lint unit end2end

# What CI runs. The browser tests use the release build, because that is what gets deployed. The
# build fails if the page is too large.
ci: lint unit
	scripts/end2end --release

# Rebuilds and reloads the page on every change.
watch:
	scripts/install-tools --watch
	PATH="$(CURDIR)/.tools/bin:$$PATH" cargo leptos watch

# Builds the release: target/release/server and target/site. Fails if the page is too large.
build:
	scripts/build --release

# Formatting, clippy for the server and for the browser, and the documentation.
lint:
	scripts/install-tools
	cargo fmt --check
	cargo clippy --workspace --exclude frontend --features leptos-guardian/ssr --all-targets -- -D warnings
	cargo clippy --package frontend --target wasm32-unknown-unknown -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --exclude frontend --features leptos-guardian/ssr --no-deps

# Runs the Rust tests on SQLite, then on a temporary PostgreSQL server. TEST_POSTGRES_URL names
# another server, such as postgres://postgres@127.0.0.1:5432. Each test leaves a database test_…
# there.
unit:
	scripts/unit

# The browser tests.
end2end:
	scripts/end2end

# Runs Lighthouse on the release's pages and fails below 100. It takes some minutes and needs an
# otherwise idle machine.
lighthouse:
	scripts/lighthouse

# {% comment %}
.PHONY: test-scaffold test-soak lint-script test-script picture bench
ci: test-scaffold
lint: lint-script
unit: test-soak test-script

# Tests the soak's own checks, in a second.
test-soak:
	node --test scripts/soak.d/

# Checks the types of the pages' script.
lint-script:
	[ -d end2end/node_modules ] || npm --prefix end2end ci --no-audit --no-fund
	end2end/node_modules/.bin/tsc --project guardian/tests/script

# Tests the pages' script without a browser, and its size.
test-script:
	node --test guardian/tests/script/*.test.mjs

# Makes an app from this repository and tests it.
test-scaffold:
	scripts/test-scaffold

# Takes the README's picture of the running app.
picture:
	PICTURE=1 scripts/end2end --grep @picture

# Measures on both databases and prints one table, in up to 15 minutes.
bench:
	scripts/bench
# {% endcomment %}
