# The two commands that a newcomer needs: `make demo` and `make check`.
JOBS ?= $(shell nproc)
# ON: files are compiled together, quicker where all of them are
UNITS ?= OFF
SHEET = examples/differential-calculus.adj
REPORT = build/report.html
export CTEST_OUTPUT_ON_FAILURE = 1
export CCACHE_SLOPPINESS = pch_defines,time_macros

.PHONY: demo check build bench fuzz format format-check tidy layers debug asan sanitize golden clean packages help

help:
	@echo "make demo    build, work through $(SHEET), write $(REPORT)"
	@echo "make check   build with tests, run the linters and every test"
	@echo "make build   the release program, build/bin/adjoint"
	@echo "make bench   the benchmarks          make fuzz   the fuzzers (FUZZ_SECONDS each)"
	@echo "make format  clang-format            make tidy   clang-tidy on all of src"
	@echo "make sanitize  the tables and a minute of each fuzzer under the sanitizers, one build of the program"
	@echo "make golden  what the documents show under their commands, printed anew"
	@echo "make asan    the tests under the address and undefined-behaviour sanitizers"

packages:
	@tools/install-packages.sh build

build: packages
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS)

demo: build
	@build/bin/adjoint sheet $(SHEET) -o $(REPORT)
	@echo "The report is $(CURDIR)/$(REPORT)"

# Last, and last to print: ctest.
check:
	@tools/install-packages.sh build test
	@$(MAKE) --no-print-directory format-check layers
	@cmake --preset check -DADJOINT_UNITS=$(UNITS) >/dev/null
	@cmake --build --preset check -j $(JOBS)
	@python3 tools/tidy.py
	@ctest --test-dir build-check --output-on-failure -j $(JOBS)

bench:
	@tools/install-packages.sh build bench
	@cmake --preset bench >/dev/null
	@cmake --build --preset bench -j $(JOBS)
	@for program in build-bench/bin/bench_*; do $$program $(BENCH_OPTIONS) || exit 1; done

FUZZ_SECONDS ?= 60
fuzz:
	@tools/install-packages.sh build fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@for program in build-fuzz/bin/fuzz_*; do \
	  corpus=tests/fuzz/corpus/$${program##*/fuzz_}; mkdir -p $$corpus; \
	  $$program -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 $$corpus || exit 1; done

debug:
	@cmake --preset debug >/dev/null && cmake --build --preset debug -j $(JOBS)

asan:
	@tools/install-packages.sh build test
	@cmake --preset asan >/dev/null && cmake --build --preset asan -j $(JOBS)
	@ctest --preset asan -j $(JOBS)

# One build at -O0, in which compiling costs least, for all that runs the program; `make asan` builds the tests too.
sanitize:
	@tools/install-packages.sh build test fuzz
	@cmake --preset sanitize -DADJOINT_UNITS=$(UNITS) >/dev/null && cmake --build --preset sanitize -j $(JOBS)
	@python3 tests/sanitized.py build-sanitize/bin/adjoint tests/data/identities.tsv
	@python3 tests/bad_input.py build-sanitize/bin/adjoint
	@ASAN_OPTIONS=detect_leaks=0 python3 tests/cases.py build-sanitize/bin/adjoint tests/data/cases --sanitized --jobs $(JOBS)
	@for program in build-sanitize/bin/fuzz_*; do \
	  corpus=$$(mktemp -d) && cp tests/fuzz/corpus/$${program##*/fuzz_}/* $$corpus/ && \
	  $$program -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 $$corpus || exit 1; done

SOURCES = git ls-files -z -- 'src/*.[ch]pp' 'include/*.[ch]pp' 'tests/*.[ch]pp' 'bench/*.[ch]pp'
format:
	@$(SOURCES) | xargs -0 -r clang-format -i
format-check:
	@$(SOURCES) | xargs -0 -r clang-format --dry-run --Werror
tidy:
	@cmake --preset check >/dev/null
	@python3 tools/tidy.py
layers:
	@python3 tools/check-layers.py

golden:
	@cmake --preset check >/dev/null && cmake --build --preset check -j $(JOBS) --target adjoint
	@python3 tests/docs.py build-check/bin/adjoint README.md docs/*.md --refresh

clean:
	rm -rf build build-check build-bench build-debug build-asan build-fuzz build-sanitize
