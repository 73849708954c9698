import JSON

extension ImageConfig {
    /// Checks that a Linux runtime could run the image, as far as the config tells.
    ///
    /// User names are not checked, because that takes `etc/passwd` of the image.
    ///
    /// - Throws: `EditError` with the problem and the field.
    public func checkRuns(_ options: RuntimeConfig.Options) throws(EditError) {
        let words = options.arguments ?? strings("Entrypoint") + strings("Cmd")
        try checkRuns(arguments: words, mountsVolumes: options.mountsVolumes)
        do throws(ValueError) {
            try UserDatabase.check(user)
        } catch {
            throw EditError(ImageConfig.runPath.key("User"), error.problem)
        }
    }

    /// - Parameter arguments: the program and its arguments.
    func checkRuns(arguments: [String], mountsVolumes: Bool) throws(EditError) {
        let path = ImageConfig.path
        let os = document["os"]?.text ?? ""
        guard !os.isEmpty || !(document["architecture"]?.text ?? "").isEmpty else {
            throw EditError(path, "an image without a platform")
        }
        // Docker and containerd compare it in lower case.
        guard os.lowercased() == "linux" else {
            throw EditError(path.key("os"), os.isEmpty ? "missing" : "not linux")
        }
        guard !arguments.isEmpty else {
            throw EditError(
                ImageConfig.runPath, "neither Entrypoint nor Cmd; say with --args what is to run")
        }
        for key: JSONString in ["Entrypoint", "Cmd", "Env"] {
            for (index, text) in strings(key).enumerated() {
                try ImageConfig.checkBytes(text, at: ImageConfig.runPath.key(key).index(index))
            }
        }
        for (index, variable) in strings("Env").enumerated() {
            guard let equals = variable.utf8.firstIndex(of: UInt8(ascii: "=")),
                equals > variable.startIndex
            else {
                throw EditError(
                    ImageConfig.runPath.key("Env").index(index),
                    "not NAME=VALUE: \(quotedPart(variable))")
            }
        }
        try ImageConfig.checkBytes(
            runDocument.text("WorkingDir") ?? "", at: ImageConfig.runPath.key("WorkingDir"))
        for volume in volumes where mountsVolumes {
            let path = ImageConfig.runPath.key("Volumes").key(JSONString(volume))
            guard volume.hasPrefix("/") else { throw EditError(path, "not an absolute path") }
            try ImageConfig.checkBytes(volume, at: path)
        }
    }

    private static let path = JSONPath.root.key("config").key("data")
    private static let runPath = path.key("config")

    /// The kernel would truncate text at a zero byte.
    private static func checkBytes(_ text: String, at path: JSONPath) throws(EditError) {
        if text.utf8.contains(0) { throw EditError(path, "has a zero byte") }
    }
}
