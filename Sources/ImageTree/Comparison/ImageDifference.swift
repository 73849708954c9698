import JSON
import OCI

/// One difference of two images.
public struct ImageDifference: Sendable {
    /// The part of the images that differs.
    public enum Subject: Sendable {
        /// A field of the manifest, by its path.
        case manifest(String)
        /// An annotation of the manifest, by its key.
        case annotation(String)
        /// A field of the config, by its path.
        case config(String)
        /// A layer, numbered from 1.
        case layer(Int)
        /// A file, as components joined by slashes.
        case file([UInt8])
    }

    /// How it differs, from the first image to the second.
    public enum Change: String, Sendable {
        /// Only the second image has it.
        case added
        /// Only the first image has it.
        case removed
        case changed
        /// The same layer in another compression.
        case compression
        /// Equal values with different bytes.
        case bytes
    }

    public let subject: Subject
    public let change: Change
    /// The aspects in which a file differs: `content`, `mode`, and so on.
    public var aspects: [String] = []
    /// The values of both images.
    public var first: JSON?
    public var second: JSON?
}

/// Differences to ignore.
public enum ImageAspect: String, CaseIterable, Sendable {
    /// Times of creation and of files.
    case time
    /// The order of variables, of keys, and of the entries of layers.
    case order
    /// The history of the config.
    case history
}
