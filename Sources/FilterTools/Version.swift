import Layer
import ToolSupport

/// What the filters print for `--version`; in this module it stands in for that of ToolSupport.
enum Version {
    static let text = "\(ToolSupport.Version.text)\nlibzstd \(ZstdCompressor.libraryVersion)"
}
