import ImageStore
import ToolSupport

/// What the registry tools print for `--version`; in this module it stands in for that of ToolSupport.
enum Version {
    static let text = "\(ToolSupport.Version.text)\n\(ImageStore.libraryVersion)"
}
