// What Package.swift knows of the build and Swift's own settings cannot carry.
#pragma once

// The commit that is built, empty when it is not known.
extern const char *const _Nonnull build_commit;
