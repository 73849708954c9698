import ArgumentParser
import ImageStore
import OCI
import ToolSupport

/// Options of `oci-fetch` that select a manifest, in addition to REF.
struct FetchSelection: ParsableArguments {
    @Flag(
        help: "Fetch from REF the digest in the descriptor line on stdin, as oci-verify prints it."
    )
    var descriptor = false

    @Flag(help: "Print the digest of REF by a HEAD request; no manifest is fetched.")
    var digest = false

    @Option(
        name: .customLong("is"),
        help: ArgumentHelp(
            "With --digest: exit with status 1 when the digest differs.", valueName: "digest"))
    var expected: String?

    init() {}

    func validate() throws {
        if expected != nil && !digest { throw ValidationError("--is needs --digest") }
        if let expected, Digest(expected) == nil {
            throw ValidationError("--is is not a sha256 or sha512 digest: '\(expected)'")
        }
        if descriptor && digest {
            throw ValidationError("--descriptor and --digest exclude each other")
        }
    }

    /// The reference with the digest of the descriptor on stdin, with `--descriptor`.
    func narrowed(_ reference: Reference, _ console: Console) throws -> Reference {
        guard descriptor else { return reference }
        let line = try readDescriptor(
            from: console.standardInput(expecting: "a descriptor line"))
        return reference.at(line.digest)
    }

    /// Writes the digest; with `--is`, throws `NegativeAnswer` when it differs.
    func answer(
        _ reference: Reference, platform: PlatformChoice?, _ store: ImageStore
    ) throws {
        let actual = try store.digest(of: reference, platform: platform)
        try writeLines([actual.description])
        if let expected, expected != actual.description { throw NegativeAnswer() }
    }
}

/// Options of `oci-fetch` for its lists.
struct FetchLists: ParsableArguments {
    @Flag(help: "Write the tags of REF's repository, one to a line.")
    var tags = false

    @Flag(help: "With --tags: omit tags named after a digest, such as sha256-HEX.sig.")
    var excludeDigestTags = false

    @Flag(help: "With --tags: print JSON lines with digest and creation time.")
    var json = false

    @Flag(help: "Print descriptor lines of the artifacts whose subject is REF.")
    var referrers = false

    @Flag(
        help: """
            With --referrers: also those of referrers and of images in REF's index, each once.
            """)
    var recursive = false

    @Option(help: ArgumentHelp("List only referrers of this type.", valueName: "media-type"))
    var artifactType: String?

    init() {}

    func validate() throws {
        if !tags && (excludeDigestTags || json) {
            throw ValidationError(
                "\(json ? "--json" : "--exclude-digest-tags") needs --tags")
        }
        if !referrers && (recursive || artifactType != nil) {
            throw ValidationError(
                "\(recursive ? "--recursive" : "--artifact-type") needs --referrers")
        }
    }

    func writeTags(_ reference: Reference, _ store: ImageStore) throws {
        let tags = try store.tags(of: reference, excludingDigestTags: excludeDigestTags)
        guard json else { return try writeLines(tags) }
        try writeLines(store.listing(of: tags, in: reference).map(\.line))
    }

    func writeReferrers(_ reference: Reference, _ store: ImageStore) throws {
        let found =
            recursive
            ? try store.referrersRecursively(of: reference, artifactType: artifactType)
            : try store.referrers(of: reference, artifactType: artifactType)
        try writeDescriptors(found)
    }
}
