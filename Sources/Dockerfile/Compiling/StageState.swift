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
    /// The platform of its programs.
    let platform: Platform
    /// The platform that its config has.
    let configPlatform: Platform
    /// The variables for substitution: environment and arguments; a later declaration overrides an
    /// earlier one.
    var variables: Variables
    /// The environment of the config.
    var environment: Variables
    /// Arguments that were declared, in order, for RUN.
    private(set) var arguments: [(name: String, value: String?)] = []
    /// The places of the names in `arguments`.
    private var argumentPlaces: [[UInt8]: Int] = [:]
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

    /// - Parameter image: the file that will have the image line.
    init(_ config: ImageConfig, image: String, platform: Platform) throws(JSONError) {
        self.image = image
        baseImage = image
        self.platform = platform
        configPlatform = try config.platform()
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

    /// Declares an argument; a later declaration takes the place of an earlier one.
    mutating func declare(_ name: String, _ value: String?) {
        if let place = argumentPlaces[Array(name.utf8)] {
            arguments[place].value = value
        } else {
            argumentPlaces[Array(name.utf8)] = arguments.count
            arguments.append((name, value))
        }
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
        // As BuildKit has it: a command without words is an empty line.
        case .none: (shell.isEmpty ? ["/bin/sh", "-c"] : shell) + [""]
        case .words, .pairs, .trigger, .check: []
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
    /// Volumes that are no directory's path, which `--volume` refuses.
    private var otherVolumes: [String] = []
    private var history: [String] = []
    private(set) var comments: [String] = []
    /// The size of the command, of options that were replaced too.
    private(set) var size = CommandSize()
    private var commentByteCount = 0

    var isEmpty: Bool { options.isEmpty && history.isEmpty }

    /// The size of the lines in the script, approximately.
    var byteCount: Int { size.byteCount + commentByteCount }

    mutating func comment(_ text: String) {
        comments.append(text)
        commentByteCount += text.utf8.count
    }

    mutating func add(_ name: String, _ value: String) {
        options.append((name, value))
        size.add(name.utf8.count + 3 + value.utf8.count)
    }

    /// Sets an option that may occur once: a later instruction replaces it.
    mutating func set(_ name: String, _ value: String) {
        removeAll(name)
        add(name, value)
    }

    /// Adds a volume as it is written, as BuildKit does.
    mutating func addVolume(_ text: String) {
        do throws(ValueError) {
            add("volume", try VolumePath(text).path)
        } catch {
            otherVolumes.append(text)
        }
    }

    /// What the options cannot express, as a merge patch; nil for nothing.
    var patch: String? {
        if otherVolumes.isEmpty { return nil }
        var volumes = JSONObject()
        for volume in otherVolumes { volumes[JSONString(volume)] = .object(JSONObject()) }
        var config = JSONObject()
        config["Volumes"] = .object(volumes)
        var document = JSONObject()
        document["config"] = .object(config)
        return String(decoding: document.serialized(), as: UTF8.self)
    }

    mutating func removeAll(_ name: String) { options.removeAll { $0.name == name } }

    mutating func addHistory(_ text: String) {
        history.append(text)
        size.add("--history=".utf8.count + text.utf8.count)
    }

    /// The command with its options.
    ///
    /// - Parameter patch: the file of `patch`.
    func command(patch: ShellWord?) -> [ShellWord] {
        var words: [ShellWord] = ["oci-config"]
        if let patch { words.append(.option("patch", patch)) }
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
