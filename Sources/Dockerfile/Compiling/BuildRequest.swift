import OCI

/// What is built of a Dockerfile, and where it goes.
public struct BuildRequest: Sendable {
    /// What runs the programs of RUN.
    public enum Isolation: String, CaseIterable, Sendable {
        /// crun or runc.
        case oci
        case chroot
    }

    /// What comments and messages call the Dockerfile.
    public var fileName = "Dockerfile"
    /// A stage's name or number; nil means the last one.
    public var target: String?
    public var buildArguments: [KeyValue] = []
    public var platforms: [Platform]
    public var buildPlatform: Platform
    /// The directory that COPY copies from.
    public var context = "."
    /// The ignore file of the context; nil when there is none.
    public var ignoreFile: String?
    /// References that get the image; none means a layout that is removed at the end.
    public var destinations: [String] = []
    /// Whether COPY asks what the image holds.
    public var listsBase = true
    public var isolation = Isolation.oci
    /// Options for every tool that talks to registries, as they are typed.
    public var registryArguments: [String] = []
    /// Options for `oci-config`, which edits the finished image.
    public var configArguments: [String] = []
    /// What `oci-tar --mtime` gets; nil leaves it to the tool.
    public var modificationTime: String?
    /// Directory of RUN's cache mounts, which are kept between builds.
    public var mountCache: String?
    /// References without a tag under which layers of RUN are kept, the first one asked first.
    public var stepCaches: [String] = []
    /// The image whose layers a COPY is compared with; nil packs everything anew.
    public var knownImage: String?
    /// Whether one layer takes the place of all that the Dockerfile adds.
    public var squashes = false
    /// Whether the script says which steps it found in a cache.
    public var isQuiet = false
    /// Secrets by their id, as files.
    public var secrets: [KeyValue] = []

    public init(platform: Platform) {
        platforms = [platform]
        buildPlatform = platform
    }

    /// Options for `oci-tar`: what the script writes is no part of the context.
    var outputOptions: [ShellWord] {
        var places: [String] = []
        for place in destinations + stepCaches where place.hasPrefix("oci:") {
            if !places.contains(where: { $0.isSame(as: place) }) { places.append(place) }
        }
        if let mountCache { places.append(mountCache) }
        return places.map { .option("exclude-output", $0) }
    }
}

/// An image that a stage is built on.
public struct BaseImage: Sendable {
    /// Its reference, by digest.
    public let reference: String
    public let config: ImageConfig

    public init(reference: String, config: ImageConfig) {
        self.reference = reference
        self.config = config
    }
}

/// A script, and what its reader should know.
public struct BuildScript: Sendable {
    public let text: String
    /// With positions, without the file's name.
    public let warnings: [String]
}
