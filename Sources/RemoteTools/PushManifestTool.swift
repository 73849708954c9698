import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// `oci-push-manifest`: stores images, and moves their tags last.
public struct PushManifestTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-push-manifest",
        abstract: "Push images with everything they need, and move their tags.",
        discussion: """
            Reads image lines from stdin, or a manifest or index as oci-fetch --raw writes it, \
            which is pushed byte for byte. Several lines become an index. An image that was not \
            changed since it was fetched keeps its digest. Blobs that a REF lacks are mounted or \
            copied from where the image came from. The tag is moved when every blob is there. Then \
            the descriptor of the pushed manifest is written as one line to stdout.

            Example:
              oci-push-manifest ghcr.io/example/app:1.2 ghcr.io/example/app:latest \\
                <app.json
            """,
        version: Version.text)

    @Argument(
        help: ArgumentHelp(
            "Destination of the image. May be repeated; a digest must match the image.",
            valueName: "ref"))
    private var referenceArguments: [Values<String>] = []
    private var references: [String] { referenceArguments.flattened() }

    @Option(
        help: ArgumentHelp(
            "Look for missing blobs here before the image's source and base. May be repeated.",
            valueName: "ref"))
    var from: [String] = []

    @Flag(help: "Stdin is a stored manifest or index: push it byte for byte, whatever it holds.")
    var raw = false

    @Flag(help: "Push an index even over one image.")
    var index = false

    @Option(
        help: ArgumentHelp(
            "Move the tag only if it points to this digest, or is absent; else status 76.",
            valueName: "digest|absent"))
    var expect: String?

    @Option(
        help: ArgumentHelp(
            "Annotate the manifest, or the index. May be repeated.", valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var annotation: [Values<KeyValue>] = []

    @Flag(help: "Check every blob, even if the destination has the manifest.")
    var checkBlobs = false

    @Flag(help: "Copy the image's referrers (signatures, SBOMs) from the first --from too.")
    var referrers = false

    @Flag(help: "Store nothing; print the descriptor that the push would print.")
    var dryRun = false

    @Flag(
        help: "Store nothing; print what would be sent, mounted, copied or reused, in bytes.")
    var plan = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if references.isEmpty && !dryRun { throw ValidationError("no REF to push to") }
        if referrers && from.isEmpty { throw ValidationError("--referrers needs --from") }
        if plan && dryRun { throw ValidationError("--plan and --dry-run exclude each other") }
        if raw && index {
            throw ValidationError("--index takes image lines, and --raw is a manifest's bytes")
        }
    }

    public func execute(_ console: Console) throws {
        let targets = try references.map { text throws(ReferenceError) in try NamedReference(text) }
        let sources = try from.map { text throws(ReferenceError) in try parseReference(text) }
        let expectation = try self.expectation()
        let input = try console.standardInput(expecting: "image lines")
        let output = try registry.withStore(console) { store in
            // Ask only when the answers can be used for this push.
            let asksTags = !dryRun && !plan && !checkBlobs && expectation == nil
            let early = asksTags ? store.askAhead(targets.map(\.reference)) : nil
            let lines = try PushInput(input, isRaw: raw)
            let content = try lines.content(
                store, asIndex: index, annotations: annotation.flattened(),
                targets: targets.map(\.reference), sources: sources)
            let places = targets.map { $0.target(for: content) }
            if dryRun { return content.root.descriptor.line }
            if plan { return try store.plan(content, to: places, sources: sources).lines }
            if referrers, let source = sources.first {
                try store.copyCompanions(of: content.root, from: source, to: places)
            }
            return try store.push(
                content, to: places, sources: sources, expecting: expectation,
                checksBlobs: checkBlobs, early: early
            ).line
        }
        try OutputStream().write(output)
    }

    private func expectation() throws(UsageError) -> TagExpectation? {
        guard let expect else { return nil }
        guard let expectation = TagExpectation(expect) else {
            throw UsageError("--expect takes a digest or 'absent', not \(quote(expect))")
        }
        return expectation
    }
}

extension PushPlan {
    /// A line for each item, `ACTION BYTES DIGEST PLACE`, and then `total ACTION BYTES` for each action.
    fileprivate var lines: [UInt8] {
        let lines =
            items.map { "\($0.action.rawValue) \($0.size) \($0.digest) \($0.place)\n" }
            + Action.allCases.map { "total \($0.rawValue) \(byteCount($0))\n" }
        return Array(lines.joined().utf8)
    }
}
