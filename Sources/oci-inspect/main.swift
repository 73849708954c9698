import FilterTools
import ToolSupport

InspectTool.runAndExit()
