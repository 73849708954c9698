// Facts about the build that Package.swift knows and Swift's own settings cannot pass.
#pragma once

// The commit that is built; empty when it is unknown.
extern const char *const _Nonnull build_commit;
