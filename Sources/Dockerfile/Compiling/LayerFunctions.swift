/// Shell functions of the script that look for layers that exist already.
struct LayerFunctions {
    let request: BuildRequest
    /// Where layers are stored.
    let destination: ShellWord

    private var registryOptions: String {
        request.registryArguments.map { " " + ShellWord(quoting: $0).text }.joined()
    }

    /// The layers that the image has now, and `store`.
    func reuse(of known: String, _ platforms: [String]) -> ShellScript {
        let image = ShellWord(quoting: known).text
        let platform = ShellWord.option("platform", platforms.joined(separator: ",")).text
        // A layer of another repository is mounted or copied from there.
        let from = known == request.destinations.first ? "" : " --from=\(image)"
        let push = "oci-push-blob\(registryOptions)"
        var script = ShellScript()
        script.blank()
        script.comment("The layers of the image as it is, none when there is none.")
        script.code("oci-fetch\(registryOptions) \(platform) \(image) 2>/dev/null |")
        script.code("\toci-layers >\"$work\"/known 2>/dev/null || :")
        script.blank()
        script.comment(
            "store LAYER COMMAND...: what the command packs, as it is there or else anew.")
        script.code(
            """
            store() {
            	layer=$1
            	shift
            	if "$@" 2>/dev/null | oci-reuse --media-type=\(LayerFunctions.mediaType) "$work"/known |
            		\(push) --reuse\(from) \(destination.text) >"$layer"; then
            		return
            	fi
            	"$@" | oci-zstd | \(push) \(destination.text) >"$layer"
            }
            """)
        return script
    }

    private static let mediaType = "application/vnd.oci.image.layer.v1.tar+zstd"

    /// `store` for a stage that is unpacked, or may be.
    ///
    /// - Parameter reuses: whether there is a `store`.
    func storeInStep(reuses: Bool) -> ShellScript {
        let store =
            reuses
            ? "store \"$layer\" cat \"$layer\".tar"
            : "oci-zstd <\"$layer\".tar | oci-push-blob\(registryOptions) \(destination.text) >\"$layer\""
        let otherwise =
            reuses
            ? "store \"$layer\" \"$@\""
            : "\"$@\" | oci-zstd | oci-push-blob\(registryOptions) \(destination.text) >\"$layer\""
        var script = ShellScript()
        script.blank()
        script.comment(
            "store_unpacked ROOTFS LAYER COMMAND...: the layer, which ROOTFS gets too if it is there."
        )
        script.code(
            """
            store_unpacked() {
            	root=$1 layer=$2
            	shift 2
            	if [ ! -d "$root" ]; then
            		\(otherwise)
            		return
            	fi
            	"$@" >"$layer".tar
            	\(store)
            	oci-untar ${rootless:+--rootless} "$root" <"$layer".tar
            	rm "$layer".tar
            }
            """)
        return script
    }

    /// `recall` and `remember`: read and write steps in a cache, each as an image of one layer.
    func steps() -> ShellScript {
        let say = request.isQuiet ? "" : "\n\techo \"${2##*.}: found in $1\" >&2"
        let pull = "oci-push-blob\(registryOptions) --reuse --from=\"$1\" \(destination.text)"
        let push = "oci-push-manifest\(registryOptions) --from=\(destination.text) \"$1:$key\""
        var script = ShellScript()
        script.blank()
        script.comment(
            "recall CACHE STEP PLATFORM ROOTFS: the layer of an earlier run, if CACHE has it.")
        script.code(
            """
            recall() {
            	read -r key <"$2".key
            	oci-fetch\(registryOptions) --platform="$3" "$1:$key" 2>/dev/null |
            		oci-layers 2>/dev/null |
            		\(pull) >"$2".layer 2>/dev/null || return\(say)
            	# What is unpacked is behind now.
            	rm -rf "$4"
            }
            """)
        script.blank()
        script.comment("remember CACHE STEP PLATFORM: keeps the layer of a step under its key.")
        script.code(
            """
            remember() {
            	read -r key <"$2".key
            	oci-fetch --platform="$3" scratch | oci-manifest-append "$2".layer |
            		\(push) >"$2".kept ||
            		echo "warning: a step is not kept in '$1'" >&2
            }
            """)
        return script
    }
}
