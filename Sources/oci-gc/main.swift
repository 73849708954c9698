import FilterTools
import ToolSupport

CollectTool.runAndExit()
