// swift-tools-version: 6.2
import PackageDescription

/// CI and `make lint` treat warnings as errors; a user's newer compiler does not.
let strict: [SwiftSetting] =
    Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// The commit that is built: from an archive by `git archive`, or else from `make`.
/// `Context.gitInformation` may be that of an earlier build, because manifests are cached.
let archived = "$Format:%h$"
let commit =
    archived.hasPrefix("$") ? Context.environment["OCINOCO_COMMIT"] ?? "" : archived

let argumentParser: Target.Dependency =
    .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A library module and every module that it imports, except the language's own. These are the
/// dependencies of the design: Tests/meta compares them with the imports and with docs/design.md.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The installed binaries have a FoundationEssentials of a few lines instead of the toolchain's,
/// because ArgumentParser imports it and uses almost nothing of it. ArgumentParser finds the module
/// that was built before it, so the Makefile builds this one first, in a separate scratch path.
let installed = Context.environment["OCINOCO_INSTALLED"] != nil
let foundation: [Target.Dependency] = installed ? ["FoundationEssentials"] : []
let foundationTarget: [Target] =
    installed ? [.target(name: "FoundationEssentials", swiftSettings: strict)] : []

/// One executable for each tool: a few lines that name its command.
func tools(_ names: [String], from library: Target.Dependency) -> [Target] {
    names.map {
        .executableTarget(
            name: $0, dependencies: [library, "ToolSupport"] + foundation, swiftSettings: strict)
    }
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The fuzz targets for parsers of foreign bytes: as tests of a second or two, or, with FUZZ set,
/// as a program with libFuzzer's `main`.
let fuzzed: [Target.Dependency] = [
    "JSON", "Dockerfile", "OCI", "ByteStream", "Hashing", "Tar", "Layer", "Snapshot", "Signing",
    "Registry", "ImageStore", "ImageArchive", "ImageTree", "ToolSupport", "CZlib", "CZstd",
]
let fuzzTarget: Target =
    Context.environment["FUZZ"] == nil
    ? .testTarget(
        name: "FuzzTests", dependencies: fuzzed + ["TestSupport"],
        exclude: ["LibFuzzer.swift"], swiftSettings: strict)
    : .executableTarget(
        name: "fuzz", dependencies: fuzzed, path: "Tests/FuzzTests",
        exclude: ["FuzzTests.swift", "Mutator.swift"], swiftSettings: strict)

let package = Package(
    name: "ocinoco",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CSystem"),
        .target(name: "CBuild", cSettings: [.define("BUILD_COMMIT", to: "\"\(commit)\"")]),

        library("ByteStream", ["CSystem"]),
        library("JSON", []),
        library("OCI", ["JSON"]),
        library("Hashing", ["OCI", "ByteStream", "CCrypto"]),
        library("Tar", ["ByteStream", "CSystem"]),
        library("Dockerfile", ["JSON", "OCI", "Tar"]),
        library("Signing", ["JSON", "OCI", "ByteStream", "Hashing", "CCrypto"]),
        library(
            "Layer", ["JSON", "OCI", "ByteStream", "Hashing", "Tar", "CSystem", "CZstd", "CZlib"]),
        library("Snapshot", ["JSON", "OCI", "ByteStream", "Hashing", "Tar", "CSystem"]),
        library("ImageLayout", ["JSON", "OCI", "ByteStream", "Hashing"]),
        library("Registry", ["JSON", "OCI", "ByteStream", "Hashing", "CCurl"]),
        library(
            "ImageStore",
            ["JSON", "OCI", "ByteStream", "Hashing", "Signing", "ImageLayout", "Registry"]),
        library(
            "ImageArchive", ["JSON", "OCI", "ByteStream", "Hashing", "Tar", "Layer", "ImageStore"]),
        library(
            "ImageTree",
            [
                "JSON", "OCI", "ByteStream", "Hashing", "Tar", "Layer", "Snapshot", "ImageStore",
                "ImageArchive",
            ]),
        library(
            "ToolSupport",
            ["JSON", "OCI", "ByteStream", "Hashing", "CSystem", "CBuild", argumentParser]),
        library(
            "FilterTools",
            [
                "JSON", "OCI", "ByteStream", "Hashing", "Tar", "Signing", "Layer", "Snapshot",
                "ImageLayout", "ToolSupport",
                argumentParser,
            ]),
        library(
            "RemoteTools",
            [
                "JSON",
                "OCI",
                "Dockerfile",
                "ByteStream",
                "Hashing",
                "Signing",
                "Layer",
                "Registry",
                "ImageStore",
                "ImageArchive",
                "ImageTree",
                "ToolSupport",
                argumentParser,
            ]),
    ]
        + tools(
            [
                "oci-config",
                "oci-convert",
                "oci-diff",
                "oci-digest",
                "oci-filters",
                "oci-gc",
                "oci-inspect",
                "oci-layers",
                "oci-manifest-append",
                "oci-provenance",
                "oci-reuse",
                "oci-runtime-config",
                "oci-snapshot",
                "oci-step",
                "oci-tar",
                "oci-untar",
                "oci-zstd",
            ], from: "FilterTools")
        + tools(
            [
                "oci-artifact",
                "oci-compare",
                "oci-delete",
                "oci-dockerfile",
                "oci-doctor",
                "oci-fetch",
                "oci-flatten",
                "oci-list",
                "oci-load",
                "oci-login",
                "oci-push-blob",
                "oci-push-manifest",
                "oci-rebase",
                "oci-remote",
                "oci-save",
                "oci-sign",
                "oci-validate",
                "oci-verify",
            ], from: "RemoteTools")
        + foundationTarget
        + [
            // Code that several test targets share.
            .target(
                name: "TestSupport", dependencies: ["ByteStream"], path: "Tests/TestSupport",
                swiftSettings: strict),
            fuzzTarget,
            tests("ByteStreamTests", ["ByteStream", "TestSupport"]),
            tests("JSONTests", ["JSON"]),
            tests(
                "RegistryTests",
                ["JSON", "OCI", "ByteStream", "Hashing", "Registry", "TestSupport"]),
            tests("TarTests", ["ByteStream", "Tar", "TestSupport"]),
            tests(
                "LayerTests",
                [
                    "JSON", "OCI", "ByteStream", "Hashing", "Tar", "Layer", "CZlib", "CZstd",
                    "TestSupport",
                ]),
            tests("OCITests", ["JSON", "OCI"]),
            tests("DockerfileTests", ["JSON", "OCI", "Dockerfile"]),
            tests("HashingTests", ["JSON", "OCI", "ByteStream", "Hashing"]),
            tests("FilterToolsTests", ["JSON", "OCI", "Hashing", "ToolSupport", "FilterTools"]),
            tests(
                "RemoteToolsTests",
                [
                    "OCI", "Dockerfile", "ByteStream", "ImageStore", "ToolSupport", "RemoteTools",
                    "TestSupport", argumentParser,
                ]),
            tests(
                "ImageArchiveTests",
                [
                    "JSON", "OCI", "ByteStream", "Hashing", "Tar", "Registry", "ImageStore",
                    "ImageArchive", "TestSupport",
                ]),
            tests(
                "ImageTreeTests",
                [
                    "JSON", "OCI", "ByteStream", "Hashing", "Snapshot", "Tar", "Layer",
                    "ImageLayout",
                    "Registry", "ImageStore", "ImageTree", "TestSupport",
                ]),
            tests(
                "SnapshotTests", ["JSON", "OCI", "ByteStream", "Snapshot", "Tar", "TestSupport"]),
            tests(
                "ToolSupportTests",
                ["JSON", "OCI", "ByteStream", "Hashing", "ToolSupport", argumentParser]),
            tests(
                "ImageLayoutTests",
                ["JSON", "OCI", "ByteStream", "Hashing", "ImageLayout", "TestSupport"]),
            tests("SigningTests", ["JSON", "OCI", "ByteStream", "Hashing", "Signing"]),
            tests(
                "ImageStoreTests",
                [
                    "JSON", "OCI", "ByteStream", "Hashing", "ImageLayout", "Registry",
                    "ImageStore", "TestSupport",
                ]),
        ]
)
