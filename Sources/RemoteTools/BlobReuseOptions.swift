import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// Options of `oci-push-blob` for a blob that is stored already.
struct BlobReuseOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Send nothing: stdin is the descriptor line of a stored blob. "
                + "The status is 1 when no REF has it."))
    var reuse = false

    @Option(
        help: ArgumentHelp(
            "With --reuse: mount or copy the blob from there if a REF lacks it. May be repeated.",
            valueName: "ref"))
    var from: [String] = []

    init() {}

    func validate() throws {
        if !reuse && !from.isEmpty { throw ValidationError("--from needs --reuse") }
    }

    /// Writes the descriptor on stdin again when every place has, or gets, its blob. An empty stdin
    /// is the negative answer of `oci-reuse`, and is passed on.
    func answer(_ targets: [Reference], _ store: ImageStore, _ console: Console) throws {
        let sources = try from.map { text throws(ReferenceError) in try parseReference(text) }
        let input = try console.standardInput(expecting: "a descriptor line")
        let descriptor: Descriptor
        do {
            descriptor = try readDescriptor(from: input)
        } catch InputError.empty {
            throw NegativeAnswer()
        }
        guard try store.adopt(descriptor, at: targets, from: sources) else {
            console.trace("\(quote(descriptor.digest.description)) is not there any more")
            throw NegativeAnswer()
        }
        try FileDescriptor.standardOutput.writeLine(descriptor)
    }
}
