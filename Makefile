# Every target installs missing tools into .tools/ and end2end/node_modules/.

.PHONY: run test watch build lint unit end2end lighthouse

# Serves http://127.0.0.1:3000 with SQLite in data/.
run:
	scripts/build
	target/debug/server

# Packages that the server's commands leave out.
BROWSER_ONLY = --exclude frontend

# All checks. CI sets RELEASE=1: then the browser tests use the release, because that is what gets
# deployed. Its build fails if the page is too large.
test: lint unit end2end

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
	cargo clippy --workspace $(BROWSER_ONLY) --features leptos-guardian/ssr --all-targets -- -D warnings
	cargo clippy --package frontend --target wasm32-unknown-unknown -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace $(BROWSER_ONLY) --features leptos-guardian/ssr --no-deps

# Runs the Rust tests on SQLite, then on a temporary PostgreSQL server. TEST_POSTGRES_URL names
# another server, such as postgres://postgres@127.0.0.1:5432. Each test leaves a database test_…
# there.
unit:
	scripts/unit

# The browser tests. RELEASE=1 make end2end tests the release.
end2end:
	scripts/end2end $(if $(RELEASE),--release)

# Runs Lighthouse on the release's pages and fails below 100. It takes some minutes and needs an
# otherwise idle machine.
lighthouse:
	scripts/lighthouse

# {% comment %}
.PHONY: lint-databases lint-examples islands lint-script test-scaffold test-soak test-script package deny picture bench
lint: lint-databases lint-examples lint-script
unit: test-soak test-script

# Its features would change how Leptos builds the other packages.
BROWSER_ONLY += --exclude islands

# Clippy for the example with islands, on both sides.
lint-examples:
	scripts/install-tools
	cargo clippy --package islands --features ssr --all-targets -- -D warnings
	cargo clippy --package islands --features hydrate --lib --target wasm32-unknown-unknown -- -D warnings

# Serves http://127.0.0.1:3000: the example with islands.
islands:
	scripts/build-examples
	target/debug/islands

# Clippy for the library with each database alone.
lint-databases:
	cargo clippy --package leptos-guardian --no-default-features --features ssr,sqlite -- -D warnings
	cargo clippy --package leptos-guardian --no-default-features --features ssr,postgres -- -D warnings

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

# Makes an app from this repository and tests it. Then follows the guide for an existing app, and tests
# that one.
test-scaffold:
	scripts/test-scaffold
	scripts/test-guide

# Packs the library as for crates.io and builds the packed files. Takes minutes the first time.
package:
	scripts/package

# Checks the dependencies: licences, advisories, duplicates, sources.
deny:
	scripts/deny

# Takes the README's picture of the running app.
picture:
	scripts/picture

# Measures on both databases and prints one table, in up to 15 minutes.
bench:
	scripts/bench
# {% endcomment %}
