# Builds, installs and tests pg_weir. `make help` lists the targets.
#
# PG_CONFIG=/path/to/pg_config picks the server; WEIR_FAILPOINTS=1 builds the variant with failpoints
# that the tests use, in an object directory of its own.

PG_CONFIG ?= pg_config
srcdir := $(patsubst %/,%,$(dir $(abspath $(firstword $(MAKEFILE_LIST)))))

# `make deps` has to work where PostgreSQL's development files are not yet installed, so PGXS is
# included only for the targets that need it.
STANDALONE_GOALS := help deps bench-scenarios demo sim test test-long test-unit lint format check-headers
NEEDS_PGXS := $(if $(MAKECMDGOALS),$(filter-out $(STANDALONE_GOALS),$(MAKECMDGOALS)),all)

ifneq ($(NEEDS_PGXS),)
VARIANT := $(if $(WEIR_FAILPOINTS),failpoints,release)$(if $(filter clang%,$(notdir $(CXX))),-clang)
OBJDIR ?= build/$(VARIANT)

SOURCES := $(wildcard src/*.cpp src/*/*.cpp src/*/*/*.cpp)
WEIR_OBJECTS := $(SOURCES:src/%.cpp=$(OBJDIR)/%.o)
WARNINGS := -Wall -Wextra -Werror -Wno-missing-field-initializers -Wno-unused-parameter
ifneq ($(filter clang%,$(notdir $(CXX))),)
WARNINGS += -Wglobal-constructors -Wno-unknown-warning-option
endif

EXTENSION := control/pg_weir
SCRIPT := control/pg_weir--1.0.sql
DATA_built := $(SCRIPT)
MODULES := $(OBJDIR)/pg_weir
PG_CPPFLAGS := -isystem $(shell $(PG_CONFIG) --includedir-server) -I$(srcdir)/src \
	$(if $(WEIR_FAILPOINTS),-DWEIR_FAILPOINTS)
# -fno-plt and hidden visibility: the server loads modules globally, and template symbols of two
# modules must never meet.
PG_CXXFLAGS := -std=gnu++20 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden \
	-fno-rtti $(WARNINGS)

# Bitcode is of no use to C++ hooks, and PGXS would compile it without the flags above.
override with_llvm := no
EXTRA_CLEAN := build results output_iso tmp_check log

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJDIR)/%.o: src/%.cpp Makefile
	@mkdir -p $(@D)
	$(COMPILE.cxx.weir) -MMD -MP -o $@ $<

COMPILE.cxx.weir = $(CXX) $(filter-out -Wimplicit-fallthrough=3 -Wcast-function-type,$(CXXFLAGS)) $(CPPFLAGS) -c

$(OBJDIR)/pg_weir.so: $(WEIR_OBJECTS)
	$(CXX) -shared -o $@ $^ $(LDFLAGS) $(LDFLAGS_SL) -Wl,--as-needed

-include $(WEIR_OBJECTS:.o=.d)

# The install script is its parts in their order.
$(SCRIPT): $(sort $(wildcard control/1.0/*.sql))
	@cat $^ >$@.$$$$ && mv $@.$$$$ $@

uninstall: uninstall-library
.PHONY: uninstall-library
uninstall-library:
	rm -f '$(DESTDIR)$(pkglibdir)/pg_weir.so'
endif

.PHONY: $(STANDALONE_GOALS) bench bench-scenarios
help:
	@sed -n 's/^#: //p' $(srcdir)/Makefile

#: make            build the extension
#: make install    install it into the server that PG_CONFIG names
#: make deps       install the Debian packages that building and testing need (root)
deps:
	@$(srcdir)/test/support/deps.sh

#: make demo       build, install and show the whole thing on a throw-away server (KEEP=1 leaves it up)
demo: deps
	@PG_CONFIG='$(PG_CONFIG)' KEEP='$(KEEP)' $(srcdir)/bench/demo/demo.sh

#: make sim        simulate a company of many tenants and write a report (SCENARIO, MODE, SIM_OPTIONS)
sim: deps
	@PG_CONFIG='$(PG_CONFIG)' $(srcdir)/bench/sim/sim.sh --scenario '$(or $(SCENARIO),medium)' \
		--mode '$(or $(MODE),burst)' $(SIM_OPTIONS)

#: make test       everything the gate runs; ends in "N passed, N failed"
test: deps
	@PG_CONFIG='$(PG_CONFIG)' SEED='$(SEED)' $(srcdir)/test/run.sh gate

#: make test-long  the long tier
test-long:
	@WEIR_LONG=1 $(srcdir)/test/support/deps.sh
	@PG_CONFIG='$(PG_CONFIG)' SEED='$(SEED)' $(srcdir)/test/run.sh long

#: make test-unit  the core library's unit tests only; needs no PostgreSQL
test-unit:
	@$(srcdir)/test/run.sh unit

#: make bench      the benchmarks, each a ratio against stock PostgreSQL
bench:
	@PG_CONFIG='$(PG_CONFIG)' $(srcdir)/bench/run.sh
	@PG_CONFIG='$(PG_CONFIG)' $(srcdir)/bench/stream/run.sh
	@PG_CONFIG='$(PG_CONFIG)' $(srcdir)/bench/continuous/run.sh
	@PG_CONFIG='$(PG_CONFIG)' $(srcdir)/bench/continuous/lanes.sh

#: make bench-scenarios  the five streaming scenarios, against stock PostgreSQL and published figures
bench-scenarios:
	@PG_CONFIG='$(PG_CONFIG)' $(srcdir)/bench/scenarios/run.sh

#: make lint       the checks of test/lint
lint:
	@$(srcdir)/test/lint/run.sh

#: make check-headers  syntax check against the headers of newer servers
check-headers:
	@$(srcdir)/test/support/check_headers.sh

#: make format     clang-format over the tree
format:
	@git -C $(srcdir) ls-files '*.cpp' '*.hpp' | (cd $(srcdir) && xargs clang-format -i)
