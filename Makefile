# Everything installs what it is missing, into .tools/ and end2end/node_modules/.

.PHONY: run test ci watch build lint unit end2end lighthouse

# Serves http://127.0.0.1:3000 with SQLite in data/.
run:
	scripts/build
	target/debug/server

# All checks.
test: lint unit end2end

# What CI runs: the browser tests against the release, which is what people get. It is weighed first.
ci: lint unit
	scripts/end2end --release

# Rebuilds and reloads on every change.
watch:
	scripts/install-tools --watch
	PATH="$(CURDIR)/.tools/bin:$$PATH" cargo leptos watch

# The release: target/release/server and target/site. Fails when the page is too heavy.
build:
	scripts/build --release

# Formatting and clippy, for the server and for the browser, and the documentation.
lint:
	scripts/install-tools
	cargo fmt --check
	cargo clippy --workspace --exclude frontend --features leptos-guardian/ssr --all-targets -- -D warnings
	cargo clippy --package frontend --target wasm32-unknown-unknown -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --exclude frontend --features leptos-guardian/ssr --no-deps

# The Rust tests: on SQLite, then on a throwaway PostgreSQL server, or the one that
# TEST_POSTGRES_URL names, such as postgres://postgres@127.0.0.1:5432. (Each test leaves a
# database test_… there.)
unit:
	scripts/unit

# The browser tests.
end2end:
	scripts/end2end

# What Lighthouse says of the release's pages: less than 100 fails. Some minutes, and best on an
# otherwise idle machine.
lighthouse:
	scripts/lighthouse

# {% comment %}
.PHONY: test-scaffold test-soak picture bench
ci: test-scaffold
unit: test-soak

# What the soak claims of answers, on short histories: a second.
test-soak:
	node --test scripts/soak.d/

# An app made from this one passes its own tests.
test-scaffold:
	scripts/test-scaffold

# The README's picture, from the running app.
picture:
	PICTURE=1 scripts/end2end --grep @picture

# What it all costs, on both databases, in one table: up to a quarter of an hour.
bench:
	scripts/bench
# {% endcomment %}
