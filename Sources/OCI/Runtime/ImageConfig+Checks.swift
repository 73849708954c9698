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
        try checkUser()
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
        try checkTexts()
        try checkVariables()
        for volume in volumes where mountsVolumes {
            let path = ImageConfig.runPath.key("Volumes").key(JSONString(volume))
            guard volume.hasPrefix("/") else { throw EditError(path, "not an absolute path") }
            try ImageConfig.checkBytes(volume, at: path)
        }
    }

    /// The run parameters that no runtime can use, whatever is to run.
    public func valueErrors() -> [EditError] {
        let checks: [() throws(EditError) -> Void] = [
            checkTexts, checkVariables, checkUser, checkDirectory,
        ]
        return checks.compactMap { check in
            do throws(EditError) {
                try check()
                return nil
            } catch {
                return error
            }
        }
    }

    private func checkTexts() throws(EditError) {
        for key: JSONString in ["Entrypoint", "Cmd", "Env"] {
            for (index, text) in strings(key).enumerated() {
                try ImageConfig.checkBytes(text, at: ImageConfig.runPath.key(key).index(index))
            }
        }
        try ImageConfig.checkBytes(
            runDocument.text("WorkingDir") ?? "", at: ImageConfig.runPath.key("WorkingDir"))
    }

    private func checkVariables() throws(EditError) {
        for (index, variable) in strings("Env").enumerated() {
            guard let equals = variable.utf8.firstIndex(of: UInt8(ascii: "=")),
                equals > variable.startIndex
            else {
                throw EditError(
                    ImageConfig.runPath.key("Env").index(index),
                    "not NAME=VALUE: \(quotedPart(variable))")
            }
        }
    }

    private func checkUser() throws(EditError) {
        do throws(ValueError) {
            try UserDatabase.check(user)
        } catch {
            throw EditError(ImageConfig.runPath.key("User"), error.problem)
        }
    }

    /// Windows has other paths.
    private func checkDirectory() throws(EditError) {
        guard document["os"]?.text?.lowercased() != "windows",
            let directory = runDocument.text("WorkingDir"), !directory.isEmpty,
            !directory.hasPrefix("/")
        else { return }
        throw EditError(
            ImageConfig.runPath.key("WorkingDir"),
            "not an absolute path: \(quotedPart(directory))")
    }

    private static let path = JSONPath.root.key("config").key("data")
    private static let runPath = path.key("config")

    /// The kernel would truncate text at a zero byte.
    private static func checkBytes(_ text: String, at path: JSONPath) throws(EditError) {
        if text.utf8.contains(0) { throw EditError(path, "has a zero byte") }
    }
}
