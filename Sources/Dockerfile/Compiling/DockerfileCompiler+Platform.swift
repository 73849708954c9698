import JSON
import OCI

/// The platforms of images, of programs and of the finished image.
extension DockerfileCompiler {
    /// The arguments that are set without an ARG before the first FROM; `--build-arg` overrides
    /// them.
    static func platformArguments(
        _ file: Dockerfile, _ request: BuildRequest, _ target: Platform
    ) -> Variables {
        var arguments = Variables()
        for (name, platform) in [("TARGET", target), ("BUILD", request.buildPlatform)] {
            arguments["\(name)PLATFORM"] = platform.description
            arguments["\(name)OS"] = platform.os
            arguments["\(name)OSVERSION"] = platform.osVersion ?? ""
            arguments["\(name)ARCH"] = platform.architecture
            arguments["\(name)VARIANT"] = platform.variant ?? ""
        }
        arguments["TARGETSTAGE"] = request.target ?? Stages.lastName(in: file) ?? "default"
        for argument in request.buildArguments where platformArgumentNames.contains(argument.key) {
            arguments[argument.key] = argument.value
        }
        return arguments
    }

    /// The names of these arguments.
    static let platformArgumentNames: Set<String> = [
        "TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT",
        "TARGETSTAGE", "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT",
    ]

    /// The platform of the finished image, by its canonical names: the requested one, or else that
    /// of its base.
    func finishedPlatform(_ own: Platform) -> Platform {
        var result = own
        if request.setsPlatform {
            let isSame = own.os == platform.os && own.architecture == platform.architecture
            result = platform
            if isSame {
                result.variant = platform.variant ?? own.variant
                result.osVersion = platform.osVersion ?? own.osVersion
            }
        }
        result = result.normalized
        result.osFeatures = own.osFeatures
        // A platform that `--platform` cannot express stays as it is; a missing name is not guessed.
        return Platform(result.description) == nil ? own : result
    }

    /// Reads the config of an image, and warns when it is for another platform.
    ///
    /// - Parameter position: that of its name, for errors.
    mutating func image(
        _ reference: String, _ platform: Platform, at position: SourcePosition, _ keyword: Keyword
    ) throws -> BaseImage {
        do {
            _ = try Reference(reference)
        } catch {
            throw DockerfileError(
                position, .malformed(keyword, "not a reference: '\(reference)': \(error.problem)"))
        }
        let base: BaseImage
        let own: Platform
        do {
            base = try baseReader(reference, platform)
            own = try base.config.platform()
        } catch {
            throw BaseError(position: position, reason: error)
        }
        if own.isMissing {
            note("'\(reference)' does not say what platform it is for", at: position)
        } else if !own.satisfies(platform) {
            note("'\(reference)' is for '\(own)', not for '\(platform)'", at: position)
        }
        return base
    }

    private mutating func note(_ text: String, at position: SourcePosition) {
        notices.append("\(position.line):\(position.column): \(text)")
    }

    /// Records that a program of a platform runs.
    mutating func noteRun(at position: SourcePosition, _ platform: Platform) {
        if runs.contains(where: { $0.platform == platform }) { return }
        runs.append((position, platform))
        let machine = request.buildPlatform
        if platform.architecture != machine.architecture, !platform.satisfies(machine) {
            note(
                "RUN for \(platform) on \(machine) needs an interpreter in binfmt_misc",
                at: position)
        }
    }

    /// The command that fetches an image. An image without an index is fetched whatever its platform.
    func fetch(_ image: BaseImage, _ platform: Platform) throws(JSONError) -> [ShellWord] {
        let own = try image.config.platform()
        let isChosen = image.isOfIndex || own.satisfies(platform)
        return ["oci-fetch"] + request.registryOptions
            + [
                .option("platform", isChosen ? platform.description : "all"),
                ShellWord(quoting: image.reference),
            ]
    }
}
