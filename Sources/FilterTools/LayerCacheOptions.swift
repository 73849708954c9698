import ArgumentParser
import ByteStream
import JSON
import OCI
import Snapshot
import ToolSupport

/// The options of `oci-reuse` for a directory that stores which layer was made from a tree.
struct LayerCacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Find the layer that DIR stores for the fingerprint on stdin.",
            valueName: "dir"))
    var cache: Path?

    @Option(
        help: ArgumentHelp(
            "With --cache: what compressed the layer; layers of another TEXT are not found.",
            valueName: "text"),
        transform: { $0 })
    var madeBy = ""

    @Option(
        help: ArgumentHelp(
            "With --cache: store the descriptor line in FILE, if the tree did not change.",
            valueName: "file"))
    var keep: Path?

    @Option(
        help: ArgumentHelp(
            "With --keep: the fingerprint from before the layer was made.", valueName: "file"))
    var before: Path?

    func validate() throws {
        if cache == nil, keep != nil || before != nil || !madeBy.isEmpty {
            throw ValidationError("--made-by, --keep and --before need --cache")
        }
        if (keep == nil) != (before == nil) {
            throw ValidationError("--keep and --before need each other")
        }
        if cache?.isEmpty ?? false { throw ValidationError("--cache is empty") }
    }

    /// Finds the layer for the fingerprint in `input`, or stores one.
    ///
    /// A cache that cannot be read or written only makes the next run slower.
    ///
    /// - Throws: `NegativeAnswer`, `InputError`, `StreamError`.
    func run(_ directory: Path, _ input: InputStream, _ console: Console) throws {
        let cache = LayerCache(directory, madeBy: ArgumentText.encode(madeBy)) {
            console.trace($0)
        }
        let tree = try fingerprint(try ImageLines.readAll(from: input), input.path)
        guard let keep, let before else {
            guard let layer = cache.layer(of: tree) else { throw NegativeAnswer() }
            return try OutputStream().write(layer.line)
        }
        let layer = try readDescriptor(keep)
        let earlier = try fingerprint(
            try readFile(before, limit: ImageLines.lineByteLimit), before)
        do {
            if try !cache.keep(layer, before: earlier, after: tree) {
                console.trace("the tree changed meanwhile, or just before: nothing is kept")
            }
        } catch {
            let reason = (error as? any Failure)?.message ?? "\(error)"
            console.warn("the layer is not kept in \(directory.quoted): \(reason)")
        }
    }

    private func fingerprint(_ bytes: [UInt8], _ path: Path) throws -> TreeFingerprint {
        let lines = try ImageLines.lines(of: bytes, path: path)
        guard lines.count == 1, let line = lines.first else {
            throw InputError.refused("\(path.quoted) has \(lines.count) lines, not one fingerprint")
        }
        do throws(JSONError) {
            return try TreeFingerprint(JSONField(JSON.parse(line.line)))
        } catch {
            throw InputError.document(subject: "fingerprint in \(path.quoted)", error)
        }
    }
}
