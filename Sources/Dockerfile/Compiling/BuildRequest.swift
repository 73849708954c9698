import JSON
import OCI

/// The options of a build: what is built from a Dockerfile, and where the image is stored.
public struct BuildRequest: Sendable {
    /// How the programs of RUN are run.
    public enum Isolation: String, CaseIterable, Sendable {
        /// crun or runc.
        case oci
        case chroot
    }

    /// The name of the Dockerfile in comments and messages.
    public var fileName = "Dockerfile"
    /// A stage's name or number; nil means the last one.
    public var target: String?
    public var buildArguments: [KeyValue] = []
    public var platforms: [Platform]
    /// Whether the finished image has the requested platform, whatever its base has; otherwise
    /// `platforms` is the default, and the image has its base's.
    public var setsPlatform = false
    public var buildPlatform: Platform
    /// The directory that COPY copies from.
    public var context = "."
    /// The ignore file of the context; nil when there is none.
    public var ignoreFile: String?
    /// References to push the image to; without any, it goes to a layout that is removed at the
    /// end.
    public var destinations: [String] = []
    /// Whether COPY reads a listing of the base's files.
    public var listsBase = true
    public var isolation = Isolation.oci
    /// Options for every tool that talks to registries, as they are typed.
    public var registryArguments: [String] = []
    /// Options for `oci-config`, which edits the finished image.
    public var configArguments: [String] = []
    /// The value for `oci-tar --mtime`; nil means the tool's default.
    public var modificationTime: String?
    /// Directory of RUN's cache mounts, which are kept between builds.
    public var mountCache: String?
    /// Repositories that cache layers of RUN, as references without a tag, in the order of lookup.
    public var stepCaches: [String] = []
    /// The image whose layers COPY may reuse; nil packs every layer.
    public var knownImage: String?
    /// Whether the layers that the Dockerfile adds are joined into one.
    public var squashes = false
    /// Whether the script omits the messages about steps found in a cache.
    public var isQuiet = false
    /// Secrets by their id, as files.
    public var secrets: [KeyValue] = []

    public init(platform: Platform) {
        platforms = [platform]
        buildPlatform = platform
    }

    /// A cache of steps in the script.
    struct StepCache {
        let word: ShellWord
        /// Whether it is a layout. Then `word` is a variable, empty for a directory that cannot be
        /// written.
        let isLayout: Bool
        /// The word, or none for an empty variable.
        let ifUsable: ShellWord
    }

    /// The caches of steps, in the order of lookup.
    var stepCacheWords: [StepCache] {
        stepCaches.enumerated().map { index, reference in
            guard reference.hasPrefix("oci:") else {
                let word = ShellWord(quoting: reference)
                return StepCache(word: word, isLayout: false, ifUsable: word)
            }
            let variable = "cache\(index + 1)"
            return StepCache(
                word: ShellWord(code: "\"$\(variable)\""), isLayout: true,
                ifUsable: ShellWord(code: "${\(variable):+\"$\(variable)\"}"))
        }
    }

    /// Options for the tools that talk to registries.
    var registryOptions: [ShellWord] { registryArguments.map { ShellWord(quoting: $0) } }

    /// Options for `oci-tar` that leave the script's own output out of the context.
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
    /// Whether an index has it. An image without an index is taken for any platform.
    public let isOfIndex: Bool

    /// The image without layers.
    static func scratch(_ platform: Platform) -> BaseImage {
        BaseImage(reference: "scratch", config: ImageConfig(platform: platform))
    }

    /// The platform of its programs, when this platform was requested.
    func programPlatform(_ requested: Platform) throws(JSONError) -> Platform {
        let own = try config.platform()
        if isOfIndex || own.os.isEmpty || own.architecture.isEmpty { return requested }
        return own.satisfies(requested) ? requested : own
    }

    public init(reference: String, config: ImageConfig, isOfIndex: Bool = true) {
        self.reference = reference
        self.config = config
        self.isOfIndex = isOfIndex
    }
}

/// A script, and warnings about the Dockerfile.
public struct BuildScript: Sendable {
    public let text: String
    /// Each begins with a position, without the file's name.
    public let warnings: [String]
}
