# make          the tools, as they are installed, in .build/tools
# make demo     builds the image of examples/hello, and shows its parts
# make test     unit tests, then the pipelines against real registries and runtimes
# make fuzz     libFuzzer on the parsers of foreign bytes, FUZZ_SECONDS for each of FUZZ_TARGETS
# make sanitize unit tests under the address and the thread sanitizer, pipelines under the first
# make soak     a thousand builds and a stream of 64 GiB: minutes
# make install  installs into $(DESTDIR)$(PREFIX)
# make portable binaries that run on any Linux with glibc 2.28 or newer, for the packages below
# make tarball wheel npm rpm   packages of the portable binaries, in .build/packages
# make deb      the same for Debian, with the maintainer DEBFULLNAME <DEBEMAIL>
# make image    an image of the portable tools on BASE, in .build/packages/image
# make dist     a tarball of the sources, in .build/packages
# make completions   regenerates the completions and the list of options in ocinoco(1)

PREFIX = /usr/local
DESTDIR =

SWIFT = swift
# Takes a twentieth less space; needs a C library of 2.36 or newer.
relative_relocations = $(shell printf '%s\n' 2.36 "$$(getconf GNU_LIBC_VERSION | cut -d ' ' -f 2)" | \
	sort -VC && echo -Xlinker -z -Xlinker pack-relative-relocs)
SWIFT_FLAGS = -c release --static-swift-stdlib -Xswiftc -use-ld=lld \
	-Xlinker "-L$(CURDIR)/$(static)" $(relative_relocations)

# Package.swift explains the separate scratch path and the target that is built first.
built = .build/installed/release
build_installed = OCINOCO_INSTALLED=1 $(SWIFT) build $(SWIFT_FLAGS) --scratch-path .build/installed

# For --version; Package.swift reads it.
export OCINOCO_COMMIT = $(shell git describe --always --dirty --exclude='*' 2>/dev/null)

# A tool is a directory Sources/oci-NAME whose main.swift imports the library of its kind. The two
# multi-call binaries import these libraries too; the tools are links to them.
filters = $(filter-out oci-filters,$(call importing,FilterTools))
remotes = $(filter-out oci-remote,$(call importing,RemoteTools))
importing = $(notdir $(patsubst %/,%,$(dir $(shell grep -l '^import $(1)$$' Sources/oci-*/main.swift))))

# The linker searches this directory first, which has only libstdc++.a: start-up is a tenth shorter.
static = .build/static

libexec = libexec/ocinoco
stage = .build/tools
installed = $(DESTDIR)$(PREFIX)
tools_path = PATH="$(CURDIR)/$(stage)/bin:$$PATH"

build_packages = libzstd-dev libssl-dev zlib1g-dev libcurl4-openssl-dev pkg-config
portable_packages = binutils dpkg-dev libbrotli-dev libidn2-dev libnghttp2-dev libpsl-dev \
	libunistring-dev
test_packages = apache2-utils attr bsdextrautils buildah busybox-static crun curl docker-registry \
	golang-github-opencontainers-image-spec-dev jq libarchive-tools mandoc nginx-light openssl pigz \
	procps python3 python3-jsonschema python3-nacl python3-securesystemslib runc \
	shellcheck skopeo strace time umoci valgrind zstd \
	debootstrap fish git ksh less lintian mksh python3-venv rpm rpmlint yamllint yash zip zsh \
	$(if $(shell command -v npm),,npm)

packages_made = tarball wheel npm rpm deb

.PHONY: all binaries wrapper demo test unit pipelines meta soak fuzz fuzz-program sanitize lint bench
.PHONY: install uninstall clean
.PHONY: completions portable $(packages_made) image dist
.PHONY: build-packages portable-packages test-packages list-tools print-version

all: binaries
	@$(MAKE) --no-print-directory install-tree installed='$(stage)'

# Joins the pieces of the wrapper.
wrapper:
	@mkdir -p .build
	@Sources/ocinoco/join '$(CURDIR)/.build/ocinoco'

binaries: build-packages
	@command -v $(SWIFT) >/dev/null || { \
		echo "no '$(SWIFT)' in PATH; toolchains are at https://www.swift.org/install/" >&2; exit 1; }
	@mkdir -p $(static)
	@library=$$(clang++ -print-file-name=libstdc++.a); \
		case $$library in /*) ln -sf "$$library" $(static)/ ;; esac
	$(build_installed) --target FoundationEssentials
	$(build_installed) --product oci-filters
	$(build_installed) --product oci-remote

build-packages:
	@pkg-config --exists libzstd libcrypto zlib libcurl 2>/dev/null || \
		.ci/packages $(build_packages)

portable-packages:
	@.ci/packages $(build_packages) $(portable_packages)

test-packages:
	@.ci/packages $(build_packages) $(test_packages)

demo: all
	@$(tools_path) examples/hello/demo

test: unit pipelines meta

unit: test-packages
	$(SWIFT) test

pipelines: all portable test-packages
	Tests/pipelines/run

meta: all test-packages
	Tests/meta/run

soak: all test-packages
	Tests/soak/run

FUZZ_SECONDS = 60
FUZZ_TARGETS = $(notdir $(wildcard Tests/fixtures/fuzz/*))

fuzz: $(FUZZ_TARGETS:%=fuzz-%)

# Findings are written to .build/fuzz/NAME-…, and belong into Tests/fixtures/findings/NAME.
# Leak detection is off: an abandoned thread may still be ending when an input is done.
fuzz-%: fuzz-program
	@mkdir -p .build/fuzz/corpus/$*
	SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$* .build/fuzz/release/fuzz -detect_leaks=0 \
		-max_total_time=$(FUZZ_SECONDS) -timeout=60 -max_len=8192 -print_final_stats=1 \
		-dict=Tests/fixtures/fuzz.dict -artifact_prefix=.build/fuzz/$*- \
		.build/fuzz/corpus/$* Tests/fixtures/fuzz/$*

fuzz-program: build-packages
	FUZZ=1 $(SWIFT) build -c release --product fuzz --scratch-path .build/fuzz --sanitize=address \
		-Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing -Xswiftc -use-ld=lld

# Pipelines that pass every boundary to C. Only the unit tests look for leaks, because a tool does not
# free its memory when it ends.
SANITIZED = pipeline push-blob layouts save-load unpack-errors unpack-hostile

sanitize: test-packages
	$(SWIFT) test --disable-xctest --sanitize=thread --scratch-path .build/thread -Xswiftc -use-ld=lld
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks:print_suppressions=0 \
		$(SWIFT) test --disable-xctest --sanitize=address --scratch-path .build/address -Xswiftc -use-ld=lld
	@$(MAKE) --no-print-directory wrapper
	ln -sf '$(CURDIR)/.build/ocinoco' .build/address/debug/
	TOOLS='$(CURDIR)/.build/address/debug' Tests/pipelines/run $(SANITIZED)

lint: test-packages wrapper
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	shellcheck -s sh -x -P SCRIPTDIR .build/ocinoco Sources/ocinoco/join .ci/run .ci/packages \
		completions/generate packaging/portable packaging/glibc/stubs packaging/lib.sh \
		$(packages_made:%=packaging/%) packaging/image packaging/dist \
		$(wildcard $(foreach name,build demo join keep mirror one rebase tour,examples/*/$(name))) \
		Tests/pipelines/run Tests/pipelines/*.sh Tests/pipelines/cases/*.sh Tests/meta/run \
		Tests/soak/run
	shellcheck -s bash completions/bash/ocinoco
	yamllint --strict -c examples/.yamllint action.yml examples/*.y*ml examples/*/*.y*ml
	CI=1 $(SWIFT) build --build-tests --scratch-path .build/strict

completions: all
	completions/generate '$(stage)/bin' completions $(filters) $(remotes)
	Sources/ocinoco/join --completions '$(CURDIR)/completions'
	Sources/ocinoco/join --page '$(CURDIR)/man/ocinoco.1' >.build/ocinoco.1
	cp .build/ocinoco.1 man/
	@$(MAKE) --no-print-directory install-tree installed='$(stage)'

bench: all portable test-packages
	bench/run

# Under sudo nothing is built: root may have no compiler in its path, and the files would belong to root.
install: $(if $(SUDO_USER),built,all)
	@$(MAKE) --no-print-directory install-tree

.PHONY: built
built:
	@[ -x $(built)/oci-filters ] && [ -x $(built)/oci-remote ] || \
		{ echo 'the tools are not built: run make before sudo make install' >&2; exit 1; }

# The installed tree. Links are relative, so that it may be moved and they do not contain DESTDIR.
.PHONY: install-tree
install-tree:
	@mkdir -p '$(installed)/bin' '$(installed)/$(libexec)'
	@for binary in oci-filters oci-remote; do \
		strip -s -o '$(installed)/$(libexec)/'$$binary.new $(built)/$$binary && \
		mv -f '$(installed)/$(libexec)/'$$binary.new '$(installed)/$(libexec)/'$$binary || exit; \
	done
	@for tool in $(filters); do \
		ln -sf ../$(libexec)/oci-filters '$(installed)/bin/'$$tool || exit; \
	done
	@for tool in $(remotes); do \
		ln -sf ../$(libexec)/oci-remote '$(installed)/bin/'$$tool || exit; \
	done
	@$(MAKE) --no-print-directory wrapper
	@install -m 755 .build/ocinoco '$(installed)/bin/ocinoco'
	@$(call each_document,install -D -m 644 "$$file" '$(installed)/'"$$place" || exit)

# Runs a command for each page and completion, with its $file and its $place.
define each_document
for file in man/*.1 man/*.7 completions/bash/* completions/zsh/* completions/fish/*; do \
	case $$file in \
	*/'*'*) continue ;; \
	man/*) place=share/man/man$${file##*.}/$${file##*/} ;; \
	*/bash/*) place=share/bash-completion/completions/$${file##*/} ;; \
	*/zsh/*) place=share/zsh/site-functions/$${file##*/} ;; \
	*/fish/*) place=share/fish/vendor_completions.d/$${file##*/} ;; \
	esac; \
	$(1); \
done
endef

uninstall:
	cd '$(installed)/bin' && rm -f ocinoco $(filters) $(remotes)
	rm -rf '$(installed)/$(libexec)'
	@$(call each_document,rm -f '$(installed)/'"$$place")

version = $(shell sed -n 's/.*release = "\([0-9.]*\)".*/\1/p' Sources/ToolSupport/Version.swift)
packages = .build/packages
BASE = scratch
IMAGE = oci:$(packages)/image:$(version)

portable: portable-packages
	packaging/portable

$(packages_made): portable
	packaging/$@ '$(version)' '$(packages)'

image: all portable
	@$(tools_path) packaging/image '$(BASE)' '$(IMAGE)'

dist:
	packaging/dist '$(version)' '$(packages)'

# The installed commands, one to a line.
print-version:
	@echo '$(version)'

list-tools:
	@printf '%s\n' $(sort $(filters) $(remotes)) ocinoco

clean:
	rm -rf .build out
