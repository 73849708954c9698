import ByteStream
import JSON
import OCI
import ToolSupport

extension LayerAddition {
    /// Reads the descriptor line of a layer from a file.
    ///
    /// - Parameter annotations: annotations to add to those of the layer.
    /// - Throws: what `readDescriptor` throws; `InputError.refused` when it is not a layer or has
    ///   no diffID.
    init(
        readingFile path: Path, diffID: Digest? = nil, annotations: [KeyValue] = [],
        history: JSONObject = JSONObject()
    ) throws {
        var descriptor = try readDescriptor(path)
        descriptor.annotate(annotations)
        do throws(EditError) {
            try self.init(descriptor, diffID: diffID, history: history)
        } catch {
            throw InputError.refused("refused descriptor in \(path.quoted): \(error.text)")
        }
    }
}
