extension StageCompiler {
    /// One RUN, as it is compiled.
    struct Step {
        let bundle: String
        let name: String
        let line: Int
        /// Part of the names of its files in the bundle.
        let id: String
        var mounts: [Mount] = []
        var environment: [(name: String, value: String)] = []
        /// Variables whose values are files of the bundle.
        var secretVariables: [(name: String, place: String)] = []
        /// Mounts of an agent.
        var agentCount = 0
        /// The script of a heredoc, when that is what runs.
        var script: ShellWord?

        var root: String { bundle + "/rootfs" }
    }

    /// A mount of a step.
    struct Mount {
        enum Kind: String {
            case readOnly = "ro"
            case writable = "rw"
            case tmpfs
            /// Like `writable`, of a link to a directory that stays from one build to the next.
            case cache
            /// Like `readOnly`, of a link to a socket.
            case agent
        }

        let kind: Kind
        /// A path of the bundle; the size of a tmpfs.
        let place: String
        let target: String
        /// The variable of the script that is empty when nothing is mounted.
        var condition: String?

        /// Whether it is in `/dev`, which is a mount itself.
        var isInDevices: Bool { target.hasPrefix("/dev/") }

        /// The option of `oci-runtime-config`.
        var option: ShellWord {
            let name =
                switch kind {
                case .readOnly, .agent: "mount"
                case .writable, .cache: "writable-mount"
                case .tmpfs: "tmpfs"
                }
            let option = ShellWord.option(name, "\(place):\(target)")
            guard let condition else { return option }
            return ShellWord(code: "${\(condition):+\(option.text)}")
        }
    }
}
