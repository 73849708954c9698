import JSON
import OCI

/// Turns a Dockerfile into a script of the tools.
///
/// No text of the Dockerfile becomes code of the script: it is quoted, or it is a file's content.
///
/// - Spec: Dockerfile reference; BuildKit where that is silent, and where the two differ.
public struct DockerfileCompiler {
    /// Reads the config of an image.
    public typealias BaseReader = (_ reference: String, Platform) throws -> BaseImage

    let file: Dockerfile
    let request: BuildRequest
    let baseReader: BaseReader
    var stages: Stages
    /// The platform of the built image.
    var platform: Platform
    /// The prefix of file names, when there are several platforms.
    var prefix = ""
    var states: [Int: StageState] = [:]
    var scripts: [Int: ShellScript] = [:]
    /// The stages and images that COPY --from and RUN --mount copy from.
    var sources: [SourceName: Source] = [:]
    /// Images among them, by reference, in the order in which they were found.
    var images: [String] = []
    /// The names of the script's files.
    private var fileNames: Set<String> = []
    /// How often each name was wanted.
    private var nameCounts: [String: Int] = [:]
    /// The size of the scripts that are done.
    private(set) var byteCount = 0
    /// How many stages are being compiled, each because another one needs it.
    private var depth = 0
    var usesPrivateRoots = false
    /// Platforms whose programs run, and the first RUN of each.
    var runs: [(position: SourcePosition, platform: Platform)] = []
    /// Positions and texts about images.
    var notices: [String] = []
    /// The shell functions that the stages call.
    var functions: Set<LayerFunctions.Function> = []
    /// The target and the stages that it is built on, whose layers are the image's.
    var targetStages: Set<Int> = []
    var substitutions = Substitutions()

    /// Translates a Dockerfile into a script.
    ///
    /// - Parameter base: reads the config of the base of every stage that the target needs.
    /// - Throws: `DockerfileError`, and `BaseError` with what `base` throws.
    public static func compile(
        _ file: Dockerfile, _ request: BuildRequest, base: @escaping BaseReader
    ) throws -> BuildScript {
        var images: [String] = []
        var body = ShellScript()
        var warnings: [String] = []
        var known: Set<String> = []
        var usesPrivateRoots = false
        var runs = false
        var sourceDate: String?
        var functions: Set<LayerFunctions.Function> = []
        for platform in request.platforms {
            var compiler = try DockerfileCompiler(file, request, platform, base)
            sourceDate = try compiler.sourceDate()
            let image = try compiler.compileTarget()
            body.append(compiler.imageScript)
            for index in compiler.scripts.keys.sorted() {
                if let script = compiler.scripts[index] { body.append(script) }
                if let source = compiler.sources[.stage(index)] {
                    body.append(compiler.unpacking(source))
                }
            }
            images.append(image)
            for warning in compiler.allWarnings where known.insert(warning).inserted {
                warnings.append(warning)
            }
            usesPrivateRoots =
                usesPrivateRoots || compiler.usesPrivateRoots || !compiler.sources.isEmpty
            runs = runs || !compiler.runs.isEmpty
            functions.formUnion(compiler.functions)
        }
        var script = prelude(
            request, usesPrivateRoots: usesPrivateRoots, sourceDate: sourceDate)
        let layers = LayerFunctions(request: request, destination: destination(request))
        script.append(layers.script(of: functions))
        if runs {
            script.append(runFunctions(request))
            script.append(layers.directories())
            if !request.stepCaches.isEmpty { script.append(layers.steps()) }
        }
        script.append(body)
        script.append(push(images, request))
        let text = script.lines.map { $0 + "\n" }.joined()
        // A JSON string or a base's config may have a zero byte. Shells drop it, and the rest could
        // be code.
        guard !text.utf8.contains(0) else {
            throw DockerfileError(SourcePosition(line: 1, column: 1), .zeroByte)
        }
        return BuildScript(text: text, warnings: warnings)
    }

    private init(
        _ file: Dockerfile, _ request: BuildRequest, _ platform: Platform,
        _ base: @escaping BaseReader
    ) throws(DockerfileError) {
        self.file = file
        self.request = request
        self.platform = platform
        baseReader = base
        if request.platforms.count > 1 {
            let words = platform.description.split { "/()".contains($0) }
            prefix = words.joined(separator: "-") + "."
        }
        stages = try Stages(
            file,
            arguments: Variables(request.buildArguments.map { (name: $0.key, value: $0.value) }),
            platformArguments: DockerfileCompiler.platformArguments(file, request, platform),
            machine: request.buildPlatform)
        substitutions = stages.substitutions
    }

    /// The time of the image in seconds, when a build argument or an ARG before the first FROM has
    /// it, as in BuildKit.
    private func sourceDate() throws(DockerfileError) -> String? {
        let name = StageCompiler.sourceDateName
        let given = request.buildArguments.last { $0.key == name }?.value
        guard let seconds = given ?? stages.globals[name], !seconds.isEmpty else { return nil }
        guard seconds.utf8.allSatisfy(\.isDigit),
            Int64(seconds).flatMap({ Timestamp(secondsSinceEpoch: $0) }) != nil
        else {
            throw DockerfileError(
                stages.stages[0].from.position,
                .malformed(.arg, "\(name) is not a number of seconds: '\(seconds)'"))
        }
        return seconds
    }

    /// Compiles the stages that the target needs, in the order of the file.
    ///
    /// - Returns: the file of the finished image line.
    private mutating func compileTarget() throws -> String {
        guard let target = stages.target(request.target) else {
            throw DockerfileError(
                SourcePosition(line: 1, column: 1),
                .unknownTarget(
                    request.target ?? "", stages: stages.stages.compactMap(\.name)))
        }
        var next: Int? = target.index
        while let index = next {
            targetStages.insert(index)
            next = stages.stages[index].base
        }
        try compile(target)
        guard var state = states[target.index], var script = scripts[target.index] else {
            preconditionFailure("the target was not compiled")
        }
        if request.squashes, state.hasOwnLayers { squash(&state, target, &script) }
        finish(&state, target, &script)
        scripts[target.index] = script
        return state.image
    }

    /// Adds the commands that edit the image as a whole: its annotations, platform and options.
    private mutating func finish(
        _ state: inout StageState, _ target: Stage, _ script: inout ShellScript
    ) {
        var commands: [[ShellWord]] = []
        var comments: [String] = []
        // Annotations that describe the base do not describe an image built on it.
        if state.base != nil, !state.hasOwnLayers {
            commands.append(["oci-manifest-append", "--no-layer"])
            comments.append("no layer is added")
        }
        let platform = finishedPlatform(state.configPlatform)
        if platform != state.configPlatform {
            commands.append(["oci-config", .option("platform", platform.description)])
            comments.append("the platform of the image")
        }
        if !request.configArguments.isEmpty {
            commands.append(["oci-config"] + request.configArguments.map { ShellWord(quoting: $0) })
            comments.append("options of the command line")
        }
        if commands.isEmpty { return }
        let name = newName(prefix + target.fileName + ".finished")
        script.blank()
        for comment in comments { script.comment(comment) }
        script.pipeline(
            commands, from: .file(state.image + ".json"), to: .file(name + ".json"))
        state.image = name
    }

    /// Adds the commands that join the stage's own layers into one.
    private mutating func squash(
        _ state: inout StageState, _ target: Stage, _ script: inout ShellScript
    ) {
        let name = newName(prefix + target.fileName + ".squashed")
        let base = ShellWord.option("above", .file(state.baseImage + ".json"))
        let flatten: [ShellWord] =
            ["oci-flatten", base] + request.registryOptions + state.placeOptions
        let push =
            ["oci-push-blob"] + request.registryOptions + [
                DockerfileCompiler.finalDestination(request)
            ]
        script.blank()
        script.comment("one layer in place of all that are added")
        script.pipeline(
            [flatten, ["oci-zstd"], push], from: .file(state.image + ".json"),
            to: .file(name + ".layer"))
        script.pipeline(
            [
                [
                    "oci-manifest-append",
                    .option("squash", .file(state.baseImage + ".json")), .file(name + ".layer"),
                ]
            ], from: .file(state.image + ".json"), to: .file(name + ".json"))
        state.image = name
    }

    /// Compiles a stage once, after those that it needs; later calls do nothing.
    ///
    /// A chain of stages is not a chain of calls. Only a stage that ONBUILD of a base copies from is
    /// found while another stage is compiled.
    mutating func compile(_ stage: Stage) throws {
        let needed = stages.needed(by: stage) { states[$0] != nil }
        if needed.isEmpty { return }
        depth += 1
        guard depth <= DockerfileCompiler.depthLimit else {
            throw DockerfileError(
                stage.from.position, .deepTriggers(limit: DockerfileCompiler.depthLimit))
        }
        for stage in needed where states[stage.index] == nil {
            let (state, script) = try compileAlone(stage)
            states[stage.index] = state
            scripts[stage.index] = script
            byteCount += script.byteCount
        }
        depth -= 1
    }

    private static let depthLimit = 32

    private mutating func compileAlone(_ stage: Stage) throws -> (StageState, ShellScript) {
        var compiler = try StageCompiler(stage, passOn())
        try compiler.compile()
        self = compiler.whole
        return (compiler.state, compiler.script)
    }

    /// This compiler, which is not used until it is assigned again: nothing large is copied.
    private mutating func passOn() -> DockerfileCompiler {
        let whole = self
        states = [:]
        scripts = [:]
        sources = [:]
        fileNames = []
        nameCounts = [:]
        return whole
    }

    // MARK: sources of copies

    /// The directory of a source.
    ///
    /// - Parameter paths: the paths of it that will be copied, with wildcards.
    mutating func root(of name: SourceName, holding paths: [String]) -> String {
        guard var source = sources[name] else { preconditionFailure("a source without a name") }
        for path in paths { source.add(path) }
        sources[name] = source
        return source.root
    }

    /// Fetches and unpacks the images that files are copied from.
    private var imageScript: ShellScript {
        var script = ShellScript()
        for reference in images {
            guard let source = sources[.image(reference)] else { continue }
            script.blank()
            script.comment("\(reference), which files are copied from")
            script.pipeline([source.fetch], to: .file(source.image + ".json"))
            script.append(unpacking(source))
        }
        return script
    }

    /// Unpacks the paths of a source that are copied, unless they are unpacked already.
    private func unpacking(_ source: Source) -> ShellScript {
        var script = ShellScript()
        if source.mayBeThere, request.stepCaches.isEmpty { return script }
        if source.mayBeThere {
            script.beginBlock("[ -d \(ShellWord.file(source.root).text) ] || {")
        }
        script.pipeline([["mkdir", "-p", .file(source.root)]])
        if !source.isEmpty {
            var flatten: [ShellWord] = ["oci-flatten"] + request.registryOptions + source.places
            if let paths = source.paths {
                flatten += paths.map { ShellWord.option("only", $0) } + ["--follow"]
            }
            let untar: [ShellWord] = ["oci-untar", "${rootless:+--rootless}", .file(source.root)]
            script.pipeline([flatten, untar], from: .file(source.image + ".json"))
        }
        if source.mayBeThere { script.endBlock() }
        return script
    }

    private var allWarnings: [String] {
        var result: [String] = []
        let start = stages.stages[0].from.position
        for argument in request.buildArguments {
            let name = Array(argument.key.utf8)
            if !stages.declared.contains(name), !StageCompiler.isPredefined(argument.key),
                !DockerfileCompiler.platformArgumentNames.contains(argument.key)
            {
                result.append(
                    "\(start.line):\(start.column): no ARG declares the build argument "
                        + "'\(argument.key)'")
            }
        }
        for (position, name) in substitutions.unset {
            result.append(
                "\(position.line):\(position.column): variable '\(name)' is not set")
        }
        result += notices
        for line in file.emptyContinuations {
            result.append("\(line):1: an empty line inside a continued one")
        }
        return result
    }

    /// A file name of the script that was not used before.
    mutating func newName(_ wanted: String) -> String {
        var name = wanted
        var number = nameCounts[wanted] ?? 1
        if number > 1 { name += "-\(number)" }
        while !fileNames.insert(name).inserted {
            number += 1
            name = "\(wanted)-\(number)"
        }
        nameCounts[wanted] = number + 1
        return name
    }
}
