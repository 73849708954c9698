import JSON
import OCI

/// The state of a stage's image while its instructions are compiled.
struct StageState {
    /// The file of its image line, without the ending.
    var image: String
    /// The file of the image line that the stage began with, which has only the layers of its base.
    let baseImage: String
    /// Whether it has no layers.
    var isEmpty: Bool
    /// Whether it has layers that its base does not have.
    var hasOwnLayers = false
    /// The reference of the image that it is built on; nil for none.
    var base: String?
    /// The repositories that have its own layers.
    private(set) var places: [ShellWord] = []
    let platform: Platform
    /// The variables for substitution: environment and arguments; a later declaration overrides an
    /// earlier one.
    var variables: Variables
    /// The environment of the config.
    var environment: Variables
    /// Arguments that were declared, in order, for RUN.
    var arguments: [(name: String, value: String?)] = []
    var workingDirectory: String
    var user: String
    /// The shell of the config; empty without one.
    var shell: [String]
    /// The value of this stage's CMD; nil without one.
    var cmd: [String]?
    /// Instructions that ONBUILD defers to builds on this image.
    var triggers: [String]
    /// The file of a listing of its layers, when there is one.
    var listing: String?
    /// The directory in which it is unpacked, if it is. With a cache of steps it may not exist.
    var root: String?

    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// - Parameter image: the file that will have the image line.
    init(_ config: ImageConfig, image: String, platform: Platform) throws(JSONError) {
        self.image = image
        baseImage = image
        self.platform = platform
        isEmpty = config.diffIDs.isEmpty
        let run = try config.runConfig()
        environment = Variables(
            run.environment.map { variable in
                let parts = variable.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            })
        variables = environment
        workingDirectory = run.workingDirectory.isEmpty ? "/" : run.workingDirectory
        user = run.user
        shell = run.shell
        triggers = run.triggers
    }

    /// Records that the stage has a layer of its own, stored at a place.
    mutating func addLayer(at place: ShellWord) {
        isEmpty = false
        hasOwnLayers = true
        listing = nil
        if !places.contains(where: { $0.text == place.text }) { places.append(place) }
    }

    /// Options for tools that read its layers.
    var placeOptions: [ShellWord] {
        (base.map { [ShellWord.option("from", $0)] } ?? []) + places.map { .option("from", $0) }
    }

    /// A command as the words to execute: a line becomes an argument of the shell.
    func words(_ arguments: Instruction.Arguments) -> [String] {
        switch arguments {
        case .json(let words): words.map(\.text)
        case .text(let word): (shell.isEmpty ? ["/bin/sh", "-c"] : shell) + [word.text]
        case .none, .words, .pairs, .trigger, .check: []
        }
    }

    /// A path of the image, absolute and without `.` and `..`; a slash at its end stays.
    func absolute(_ path: String) -> String {
        let slash = UInt8(ascii: "/")
        let isDirectory =
            path.isEmpty || path == "." || path.utf8.last == slash || path.hasSuffix("/.")
            || path == ".." || path.hasSuffix("/..")
        let whole = path.utf8.first == slash ? path : workingDirectory + "/" + path
        var components: [Substring] = []
        for component in whole.split(separator: "/") {
            if component == "." { continue }
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        let clean = "/" + components.joined(separator: "/")
        return isDirectory && clean != "/" ? clean + "/" : clean
    }
}

/// Options of one `oci-config`, collected from consecutive instructions.
struct ConfigChanges {
    private var options: [(name: String, value: String)] = []
    private var history: [String] = []
    private(set) var comments: [String] = []

    var isEmpty: Bool { options.isEmpty && history.isEmpty }

    mutating func comment(_ text: String) { comments.append(text) }

    mutating func add(_ name: String, _ value: String) { options.append((name, value)) }

    /// Sets an option that may occur once: a later instruction replaces it.
    mutating func set(_ name: String, _ value: String) {
        options.removeAll { $0.name == name }
        options.append((name, value))
    }

    mutating func removeAll(_ name: String) { options.removeAll { $0.name == name } }

    mutating func addHistory(_ text: String) { history.append(text) }

    /// The command with its options.
    var command: [ShellWord] {
        var words: [ShellWord] = ["oci-config"]
        words += options.map { name, value in
            name == "no-healthcheck" ? "--no-healthcheck" : ShellWord.option(name, value)
        }
        words += history.map { ShellWord.option("history", $0) }
        if !history.isEmpty { words.append(.option("comment", BuildHistory.comment)) }
        return words
    }
}

/// Texts that BuildKit writes into the history of an image.
enum BuildHistory {
    static let comment = "buildkit.dockerfile.v0"
}
