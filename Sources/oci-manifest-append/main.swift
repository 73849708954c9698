import FilterTools
import ToolSupport

ManifestAppendTool.runAndExit()
