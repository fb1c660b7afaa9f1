# Every target installs missing tools into .tools/ and end2end/node_modules/.

.PHONY: run test watch build lint unit end2end

# Serves http://127.0.0.1:3000 with SQLite in data/.
run:
	scripts/build
	target/debug/server

# All checks. CI sets RELEASE=1: then the browser tests use the release, because that is what gets
# deployed.
test: lint unit end2end

# Rebuilds and reloads the page on every change.
watch:
	scripts/install-tools --watch
	PATH="$(CURDIR)/.tools/bin:$$PATH" cargo leptos watch

# Builds the release: target/release/server and target/site.
build:
	scripts/build --release

# The packages that the server's commands check: all but the browser's.
SERVER = --workspace --exclude frontend

# Formatting, clippy for the server and for the browser, and the documentation.
lint:
	scripts/install-tools
	cargo fmt --check
	cargo clippy $(SERVER) --all-targets -- -D warnings
	cargo clippy --package frontend --target wasm32-unknown-unknown -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(SERVER) --no-deps

# Runs the Rust tests on SQLite, and on a temporary PostgreSQL server. TEST_POSTGRES_URL names
# another server, such as postgres://postgres@127.0.0.1:5432. Each test leaves a database test_…
# there.
unit:
	scripts/unit

# The browser tests. RELEASE=1 make end2end tests the release.
end2end:
	scripts/end2end $(if $(RELEASE),--release)
