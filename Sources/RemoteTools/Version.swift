import ImageStore
import ToolSupport

/// The version text of the registry tools; in this module it shadows that of ToolSupport.
enum Version {
    static let text = "\(ToolSupport.Version.text)\n\(ImageStore.libraryVersion)"
}
