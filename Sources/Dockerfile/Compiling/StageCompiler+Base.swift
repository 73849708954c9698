import JSON
import OCI

extension StageCompiler {
    /// The state of a stage that is built on an image, and the commands that fetch it.
    static func fetchBase(
        _ stage: Stage, _ name: String, _ whole: inout DockerfileCompiler
    ) throws -> (StageState, ShellScript) {
        let isScratch = stage.baseName == "scratch"
        // As in BuildKit, `--platform` has no effect on scratch.
        let platform = isScratch ? whole.platform : stage.platform ?? whole.platform
        let base =
            isScratch
            ? BaseImage.scratch(platform)
            : try whole.image(stage.baseName, platform, at: stage.basePosition, .from)
        var state = try StageState(
            base.config, image: name, platform: try base.programPlatform(platform))
        if !isScratch { state.base = base.reference }
        var options: [ShellWord] = ["oci-config"]
        if base.config.created != nil { options.append("--clear=created") }
        if !state.triggers.isEmpty { options.append("--clear=onbuild") }
        if state.environment["PATH"] == nil, state.platform.os != "windows" {
            options.append(.option("env", "PATH=\(RunConfig.defaultPath)"))
            state.environment["PATH"] = RunConfig.defaultPath
            state.variables["PATH"] = RunConfig.defaultPath
        }
        if isScratch { options.append("--workdir=/") }
        var script = ShellScript()
        script.blank()
        script.comment(origin(stage.from, whole))
        let fetch = try whole.fetch(base, platform)
        script.pipeline(options.count > 1 ? [fetch, options] : [fetch], to: .file(name + ".json"))
        return (state, script)
    }

    /// Whether copies look at the files that are in the stage.
    var usesBase: Bool { unpackedBase != nil || whole.request.listsBase }

    /// The unpacked stage, if it certainly is unpacked.
    private var unpackedBase: ShellWord? {
        guard let root = state.root, whole.request.stepCaches.isEmpty else { return nil }
        return .file(root)
    }

    /// The argument of `--base` of a copy: a listing, or the unpacked directory; nil for neither.
    ///
    /// - Parameter needsNames: whether users or groups are looked up in it.
    mutating func base(needsNames: Bool) -> ShellWord? {
        if let unpackedBase { return unpackedBase }
        if state.isEmpty || !(usesBase || needsNames) { return nil }
        let listing = state.listing ?? state.image + ".list"
        let list = ["oci-list"] + registryOptions + state.placeOptions
        if let root = state.root {
            // When earlier steps were found in a cache, nothing is unpacked.
            script.code("base=\(ShellWord.file(root).text)")
            script.beginBlock("[ -d \"$base\" ] || {")
            script.code("base=\(ShellWord.file(listing).text)")
            script.pipeline(
                [list], from: .file(state.image + ".json"), to: .file(listing))
            script.endBlock()
            return "\"$base\""
        }
        if state.listing == nil {
            script.pipeline(
                [list], from: .file(state.image + ".json"), to: .file(listing))
            state.listing = listing
        }
        return .file(listing)
    }
}
