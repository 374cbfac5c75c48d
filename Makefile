# Berth. `make` builds, `make demo` shows it, `make check` tests it; `make help` lists the rest.
#
# Sources are found by folder: every room under src/ is one archive, every src/cmd/main_NAME.c one
# program, every tests/unit/**/test_*.c one unit test. B is the build folder; SAN=1 builds
# with the address and undefined-behaviour sanitizers (dynamically, in build-san), whose reports go
# to files in build-san/reports (tests/lib/sanitizer_options.c).

SAN   ?=
B     ?= $(if $(SAN),build-san,build)
CC     = gcc
VERSION := $(shell cat VERSION)
# What is built from a released archive knows no commit.
COMMIT  := $(shell git describe --always --long --dirty 2>/dev/null)

ROOMS := $(shell sed -n 's/^\([a-z]*\):.*/\1/p' src/LAYERS)
PROGRAMS := berth berth-shim berth-init berth-oci berth-systemd berth-fetch

# What each program links beside the rooms. A start executes berth and berth-shim: they stay small.
LIBS_berth       := -ljson-c -llmdb -lpthread
LIBS_berth-shim  := -lseccomp -ljson-c
LIBS_berth-init  :=
LIBS_berth-oci   := -lseccomp -ljson-c -lprotobuf-c
LIBS_berth-systemd := -lsystemd
LIBS_berth-fetch := -lcurl -lyaml -larchive -lisal -lzstd -lz -lcrypto -ljson-c -llmdb -lpthread -ldl
LIBS_all         := -lcurl -lyaml -larchive -lisal -lzstd -lz -lcrypto -ljson-c -llmdb -lseccomp -lprotobuf-c -lpthread -ldl

WARN   := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wswitch-enum -Wformat=2 -Werror
CFLAGS ?= -O2 -g
# -iquote: a room may have the name of a folder of the system's, as sys has.
CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DBERTH_VERSION='"$(VERSION)"' -iquote src -iquote $(B)/gen -include src/base/banned.h
ALL_CFLAGS := -std=gnu17 $(WARN) $(CFLAGS) -ffunction-sections -fdata-sections -fstack-protector-strong -MMD -MP
ifdef SAN
SAN_FLAGS  := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_OBJECT := $(B)/obj/sanitizer_options.o
ALL_CFLAGS += $(SAN_FLAGS)
# One runtime in each program: as two libraries they would take each other's options.
LINK := $(CC) $(SAN_FLAGS) -static-libasan -static-libubsan
# Between clone() and exec() there is another process's memory under it, and no libc: as delivered.
$(B)/obj/runtime/init.o: ALL_CFLAGS += -fno-sanitize=all
else
# Static and at a fixed address: nothing to relocate, few pages to touch, 2 ms less a start.
ALL_CFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fno-pie
LINK := $(CC) -static -no-pie -Wl,--gc-sections
# Executes its sealed copy before libc starts (sys/seal_early.c).
ifeq ($(shell uname -m),x86_64)
LINK_berth-oci := $(LINK) -Wl,-e,seal_early_start -Wl,-u,seal_early_start
endif
# Debian has ISA-L as a shared library only; what a start executes does not need it.
LINK_berth-fetch := $(CC) -no-pie -Wl,--gc-sections,--as-needed
LINK_berth-systemd := $(LINK_berth-fetch)
endif

room_sources = $(filter-out src/cmd/main_%.c,$(wildcard src/$(1)/*.c))
room_objects = $(patsubst src/%.c,$(B)/obj/%.o,$(call room_sources,$(1))) $(patsubst src/%.S,$(B)/obj/%.o,$(wildcard src/$(1)/*.S)) $(patsubst src/%.proto,$(B)/obj/%.pb-c.o,$(wildcard src/$(1)/*.proto))
room_archive = $(B)/lib/$(1).a
ARCHIVES := $(foreach r,$(ROOMS),$(call room_archive,$(r)))

UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SOURCES))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,build-fuzz/%,$(FUZZ_SOURCES))
BENCH_SOURCES := $(filter-out bench/floor_net.c,$(sort $(wildcard bench/*.c)))
BENCH_TOOLS  := $(patsubst bench/%.c,$(B)/bench/%,$(BENCH_SOURCES))

.PHONY: all
all: $(addprefix $(B)/,$(PROGRAMS))

define ROOM_RULE
$(call room_archive,$(1)): $(call room_objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call ROOM_RULE,$(r))))

define PROGRAM_RULE
$(B)/$(1): $(B)/obj/cmd/main_$(subst -,_,$(1)).o $(SAN_OBJECT) $(ARCHIVES)
	$$(or $$(LINK_$(1)),$$(LINK)) -o $$@ $$< $(SAN_OBJECT) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $$(LIBS_$(1))
endef
$(foreach p,$(if $(SAN),$(filter-out berth-init,$(PROGRAMS)),$(PROGRAMS)),$(eval $(call PROGRAM_RULE,$(p))))

ifdef SAN
# Process 1 of a container runs where there is no shared library.
.PHONY: plain
plain:
	@$(MAKE) SAN= B=build build/berth-init
$(B)/berth-init: plain
	@cmp -s build/berth-init $@ || install build/berth-init $@

$(SAN_OBJECT): tests/lib/sanitizer_options.c
	@mkdir -p $(@D) $(B)/reports
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fno-sanitize=all -DREPORTS='"$(CURDIR)/$(B)/reports"' -c -o $@ $<

$(B)/sanitizer_probe: tests/lib/sanitizer_probe.c $(SAN_OBJECT)
	$(LINK) -O0 -o $@ $^
endif

$(B)/obj/%.o: src/%.c VERSION
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# Written when it changes, so that only what says it is built again.
$(B)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@
.PHONY: FORCE
$(B)/obj/cmd/main_berth_oci.o: $(B)/commit
$(B)/obj/cmd/main_berth_oci.o: CPPFLAGS += -DBERTH_COMMIT='"$(COMMIT)"'

$(B)/obj/%.o: src/%.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -c -o $@ $<

# Assembled in, which the compiler's list of what it read does not tell.
$(B)/obj/model/seccomp_default.o: src/model/seccomp_default.json

# Messages of CRIU: C by protoc-c, beside the objects.
.PRECIOUS: $(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h
$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h: src/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=src --c_out=$(B)/gen $<
$(B)/obj/%.pb-c.o: $(B)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<
$(B)/obj/cmd/criu.o: | $(B)/gen/cmd/criu_rpc.pb-c.h

$(B)/unit/%: tests/unit/%.c tests/unit/check.h $(SAN_OBJECT) $(ARCHIVES)
	@mkdir -p $(@D)
	$(if $(SAN),$(LINK),$(CC)) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -o $@ $< $(SAN_OBJECT) \
		-Wl,--start-group $(ARCHIVES) -Wl,--end-group $(if $(SAN),,-no-pie) $(LIBS_all) -lcmocka

# A registry's client on its own, for the tests of what registries do wrong.
$(B)/registry_probe: tests/lib/registry_probe.c $(SAN_OBJECT) $(ARCHIVES)
	$(or $(LINK_berth-fetch),$(LINK)) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(SAN_OBJECT) \
		-Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS_berth-fetch)

$(B)/bench/%: bench/%.c $(B)/lib/sys.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -static -no-pie -o $@ $(filter %.c,$^) $(B)/lib/sys.a
$(B)/bench/floor: bench/floor_net.c bench/floor_net.h

# What an engine does for names in networks, one step at a time; also stands in for berth-shim.
$(B)/names_probe: tests/lib/names_probe.c $(SAN_OBJECT) $(ARCHIVES)
	$(LINK) $(CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(SAN_OBJECT) \
		-Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS_berth)

all: $(B)/registry_probe $(B)/names_probe

.PHONY: bench-tools
bench-tools: all $(BENCH_TOOLS)

# libFuzzer targets: the toolbox rooms compiled again by clang, a bounded run each.
FUZZ_ROOMS := base codec model
FUZZ_SRC   := $(foreach r,$(FUZZ_ROOMS),$(call room_sources,$(r)))
FUZZ_OBJ   := $(patsubst src/%.c,build-fuzz/obj/%.o,$(FUZZ_SRC)) $(patsubst src/%.S,build-fuzz/obj/%.o,$(wildcard src/model/*.S))
FUZZ_FLAGS := -std=gnu17 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_SECONDS ?= 3

build-fuzz/obj/%.o: src/%.c
	@mkdir -p $(@D)
	clang $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

build-fuzz/obj/%.o: src/%.S
	@mkdir -p $(@D)
	clang $(CPPFLAGS) -c -o $@ $<

build-fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	clang $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_MORE) $(FUZZ_OBJ) -ljson-c -lyaml -lz -lzstd -larchive -lcrypto $(FUZZ_LIBS)

build-fuzz/fuzz_criu: FUZZ_MORE = build-fuzz/obj/cmd/criu.o build-fuzz/obj/sys/fd_send.o $(B)/gen/cmd/criu_rpc.pb-c.c
build-fuzz/fuzz_criu: FUZZ_LIBS = -lprotobuf-c
build-fuzz/fuzz_criu: build-fuzz/obj/cmd/criu.o build-fuzz/obj/sys/fd_send.o
build-fuzz/obj/cmd/criu.o: | $(B)/gen/cmd/criu_rpc.pb-c.h

# What reads archives does so out of files: the rooms that do are compiled again, too.
FUZZ_IMAGE := $(patsubst src/%.c,build-fuzz/obj/%.o,$(foreach r,image state sys,$(call room_sources,$(r))))
build-fuzz/fuzz_load build-fuzz/fuzz_untar: FUZZ_MORE = $(FUZZ_IMAGE)
build-fuzz/fuzz_load build-fuzz/fuzz_untar: FUZZ_LIBS = -llmdb -lisal -lpthread
build-fuzz/fuzz_load build-fuzz/fuzz_untar: $(FUZZ_IMAGE)

-include $(shell find $(B) build-fuzz -name '*.d' 2>/dev/null)

.PHONY: unit
unit: all $(UNIT_TESTS)
	REPORTS=$(if $(SAN),$(B)/reports) tools/run-unit $(UNIT_TESTS)

.PHONY: clean
clean:
	rm -rf build build-san build-fuzz

# -- checks --

FORMATTED := $(wildcard src/*/*.[ch] tests/unit/*.h tests/unit/*/*.c tests/fuzz/*.c bench/*.[ch])

SCRIPTS := $(shell grep -lE '^\#!/bin/(ba)?sh' .ci/run tests/run $(wildcard tests/lib/* tools/*))
# Where variables come from another file, which it does not follow.
SOURCED := $(wildcard tests/*/*.bash tests/*/*.bats bench/*.bash) $(shell grep -lE '^\#!/bin/(ba)?sh' bench/*)

.PHONY: format check-format check-layers check-init check-headers check-functions check-cpp check-shell check-cited-tests
format:
	clang-format -i $(FORMATTED)
check-format:
	clang-format --dry-run -Werror $(FORMATTED)
check-layers:
	tools/check-layers
check-init: $(B)/obj/runtime/init.o
	tools/check-init $<
check-headers:
	tools/check-headers
check-functions:
	tools/check-functions
check-cpp:
	cppcheck --quiet --std=c11 --language=c --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=tools/cppcheck.suppress -D__GNUC__ -D__x86_64__ -D_GNU_SOURCE -DBERTH_VERSION='""' -DBERTH_COMMIT='""' -Isrc src

check-shell:
	shellcheck -S warning $(SCRIPTS)
	shellcheck -S error $(SOURCED)
check-cited-tests:
	tools/check-cited-tests

.PHONY: fuzz
fuzz: $(FUZZ_TARGETS)
fuzz-%: build-fuzz/%
	@mkdir -p build-fuzz/corpus-$*
	cd build-fuzz && ./$* -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -rss_limit_mb=2048 -timeout=5 corpus-$* \
		$(wildcard $(CURDIR)/tests/fuzz/corpus/$*)

.PHONY: check vm-kernel
check: deps-test vm-kernel
	$(MAKE) -j2 all bench-tools
	tests/run

# Fetched like a package, but not installed: this machine goes on booting its own.
vm-kernel:
	@tests/vm/kernel build/vm-kernel

.PHONY: demo
demo: deps-build
	$(MAKE) -s -j2 all
	tools/demo

.PHONY: bench
bench: deps-bench
	$(MAKE) -j2 all bench-tools
	bench/all

# -- packages --

.PHONY: deps deps-build deps-test deps-bench
deps: deps-test
deps-build:
	@tools/deps build
deps-test:
	@tools/deps build test
deps-bench:
	@tools/deps build test bench

# -- installing --

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install $(B)/berth $(B)/berth-oci $(DESTDIR)$(PREFIX)/bin
	install $(B)/berth-shim $(B)/berth-init $(B)/berth-systemd $(B)/berth-fetch $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(SYSCONFDIR)/apparmor.d
	install -m 644 share/apparmor/berth-default $(DESTDIR)$(SYSCONFDIR)/apparmor.d

.PHONY: help
help:
	@echo 'make            build everything into build/'
	@echo 'make demo       install what is missing, build, and show what Berth does'
	@echo 'make check      the same set-up, then every test'
	@echo 'make bench      benchmarks against docker, podman, runc, crun and the bare system calls'
	@echo 'make format     clang-format over every source file'
	@echo 'make install    into PREFIX (/usr/local)'
	@echo 'make SAN=1      build with sanitizers into build-san/'
