// swift-tools-version: 6.2
import PackageDescription

/// CI and `make lint` treat warnings as errors; a user's newer compiler does not.
let strict: [SwiftSetting] =
    Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// The commit that is built: of the archive that `git archive` made, else as `make` says. What
/// `Context.gitInformation` says is that of an earlier build, since manifests are cached.
let archived = "$Format:%h$"
let commit =
    archived.hasPrefix("$") ? Context.environment["OCINOCO_COMMIT"] ?? "" : archived

/// A library module, its dependencies in the order of the design's list of arrows.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// One executable for each tool, a few lines that name its command.
func tools(_ names: [String], from library: Target.Dependency) -> [Target] {
    names.map {
        .executableTarget(
            name: $0, dependencies: [library, "ToolSupport"], swiftSettings: strict)
    }
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// What reads foreign bytes, as tests of a second or two, or with FUZZ set as the program around
/// which libFuzzer has its `main`.
let fuzzed: [Target.Dependency] = [
    "Dockerfile", "Tar", "Layer", "Snapshot", "ToolSupport", "Registry", "ImageArchive", "CZlib",
    "CZstd",
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
        library("Dockerfile", ["OCI", "JSON"]),
        library("Hashing", ["OCI", "ByteStream", "CCrypto"]),
        library("Tar", ["ByteStream", "CSystem"]),
        library("Layer", ["OCI", "Hashing", "Tar", "CZstd", "CZlib"]),
        library("Snapshot", ["OCI", "Hashing", "Tar", "CSystem"]),
        library("ImageLayout", ["OCI", "ByteStream", "Hashing"]),
        library("Registry", ["OCI", "ByteStream", "Hashing", "CCurl"]),
        library("ImageStore", ["ImageLayout", "Registry"]),
        library("ImageArchive", ["ImageStore", "Layer"]),
        library(
            "ToolSupport",
            [
                "OCI", "Hashing", "ByteStream", "CBuild",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        library("FilterTools", ["ToolSupport", "Tar", "Layer", "Snapshot"]),
        library("RemoteTools", ["ToolSupport", "ImageArchive"]),
    ]
        + tools(
            [
                "oci-config", "oci-convert", "oci-diff", "oci-digest", "oci-filters",
                "oci-inspect", "oci-layers", "oci-manifest-append",
                "oci-runtime-config", "oci-snapshot", "oci-tar", "oci-untar", "oci-zstd",
            ], from: "FilterTools")
        + tools(
            [
                "oci-artifact", "oci-fetch", "oci-load", "oci-login", "oci-push-blob",
                "oci-push-manifest", "oci-rebase", "oci-remote", "oci-save",
            ], from: "RemoteTools")
        + [
            // What several of them need.
            .target(
                name: "TestSupport", dependencies: ["ByteStream"], path: "Tests/TestSupport",
                swiftSettings: strict),
            fuzzTarget,
            tests("ByteStreamTests", ["ByteStream"]),
            tests("JSONTests", ["JSON"]),
            tests("RegistryTests", ["Registry"]),
            tests("TarTests", ["Tar", "ByteStream", "TestSupport"]),
            tests(
                "LayerTests",
                ["Layer", "Tar", "Hashing", "OCI", "ByteStream", "CZlib", "CZstd", "TestSupport"]),
            tests("OCITests", ["OCI", "JSON"]),
            tests("DockerfileTests", ["Dockerfile", "OCI", "JSON"]),
            tests("HashingTests", ["Hashing", "OCI", "JSON", "ByteStream"]),
            tests("FilterToolsTests", ["FilterTools", "Hashing", "OCI", "JSON"]),
            tests("SnapshotTests", ["Snapshot", "Tar", "ByteStream", "TestSupport"]),
            tests("ToolSupportTests", ["ToolSupport", "Hashing", "OCI", "JSON", "ByteStream"]),
            tests("ImageLayoutTests", ["ImageLayout", "TestSupport"]),
            tests("ImageStoreTests", ["ImageStore", "TestSupport"]),
        ]
)
