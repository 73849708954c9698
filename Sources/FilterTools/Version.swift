import Layer
import ToolSupport

/// The version text of the filters; in this module it shadows that of ToolSupport.
enum Version {
    static let text = "\(ToolSupport.Version.text)\nlibzstd \(ZstdCompressor.libraryVersion)"
}
