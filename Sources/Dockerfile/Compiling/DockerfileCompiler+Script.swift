/// The parts of a script that belong to no stage.
extension DockerfileCompiler {
    static func prelude(
        _ request: BuildRequest, usesPrivateRoots: Bool, sourceDate: String?
    ) -> ShellScript {
        var script = ShellScript()
        script.code("#!/bin/sh")
        script.comment("The pipeline that \(request.fileName) stands for, by oci-dockerfile.")
        script.code(
            """
            set -eu
            umask 022
            work=$(mktemp -d)
            # A second signal does not end the cleaning up.
            trap 'trap "" HUP INT TERM; rm -rf "$work"' EXIT
            trap 'trap "" HUP INT TERM; exit 129' HUP
            trap 'trap "" HUP INT TERM; exit 130' INT
            trap 'trap "" HUP INT TERM; exit 143' TERM
            """)
        if let sourceDate {
            script.comment("the time of the image")
            script.code("SOURCE_DATE_EPOCH=\(sourceDate)\nexport SOURCE_DATE_EPOCH")
        }
        if usesPrivateRoots {
            script.code(
                """
                # As another user than root, owners are recorded and not set.
                rootless='' owners=--keep-owner
                [ "$(id -u)" -eq 0 ] || rootless=yes owners=--rootless
                """)
        }
        return script
    }

    /// The shell functions that RUN needs.
    static func runFunctions(_ request: BuildRequest) -> ShellScript {
        var script = ShellScript()
        script.blank()
        script.code(RunFunctions.common)
        script.blank()
        script.code(
            request.isolation == .oci ? RunFunctions.container : RunFunctions.chroot)
        if !request.secrets.isEmpty {
            script.blank()
            script.code(RunFunctions.secret)
        }
        return script
    }

    static func push(_ images: [String], _ request: BuildRequest) -> ShellScript {
        var script = ShellScript()
        script.blank()
        let files = images.map { ShellWord.file($0 + ".json") }
        var command: [ShellWord] = ["oci-push-manifest"]
        command += request.registryOptions
        if images.count > 1 { command.append("--index") }
        command +=
            request.destinations.isEmpty
            ? [temporaryLayout] : request.destinations.map { ShellWord(quoting: $0) }
        if files.count == 1 {
            script.pipeline([command], from: files[0])
        } else {
            script.pipeline([["cat"] + files, command])
        }
        return script
    }

    /// Where layers are stored; with `--squash` in a temporary layout.
    static func destination(_ request: BuildRequest) -> ShellWord {
        request.squashes ? temporaryLayout : finalDestination(request)
    }

    /// Where the image is stored.
    static func finalDestination(_ request: BuildRequest) -> ShellWord {
        request.destinations.first.map { ShellWord(quoting: $0) } ?? temporaryLayout
    }

    static let temporaryLayout: ShellWord = "oci:\"$work\"/layout"
}
